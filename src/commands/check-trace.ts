/** `vflab check-trace FILE`: an ftrace recording of the vector matrix against the model, event by event. */
import { exitCodes, UsageError } from '../errors.ts';
import { LineRanges } from '../evidence/ftrace/lines.ts';
import { type KernelFeatures, kernelFeatures, kernelVersion } from '../model/features.ts';
import { vectorRules } from '../model/vector/rules.ts';
import { traceText } from '../report/trace-text.ts';
import { TraceCheck, type TraceSummary } from '../verdict/vectors.ts';
import type { CommandContext } from './context.ts';
import { readBytes } from './log-input.ts';

/**
 * @param file `-` is stdin. Read once, in constant memory.
 * @returns 0 when every event is explained, 1 at the first that is not.
 * @throws UsageError NO_SUCH_LOG, PACKED_LOG, NOT_A_TRACE, NO_VECTOR_EVENTS, OTHER_ARCHITECTURE, BAD_KERNEL_RELEASE
 */
export async function checkTrace(
  { cwd, out, err }: CommandContext,
  file: string,
  options: { json?: boolean; kernel?: string },
): Promise<number> {
  const check = new TraceCheck(options.kernel === undefined ? undefined : featuresOf(options.kernel));
  const shown = file === '-' ? '<stdin>' : file;
  let partial: string | undefined;
  let start: string | undefined;
  const pieces = readBytes(cwd, file, (why) => {
    partial = why;
  });
  const summary = await checkStream(check, pieces, (piece) => {
    start ??= Buffer.from(piece.subarray(0, 4096)).toString('latin1');
  });
  if (partial !== undefined) err.write(`${shown}: ${partial}\n`);
  if (!summary.isTrace) throw notATrace(shown, start, summary.lines);
  if (summary.matrixEvents === 0 && !summary.impossible) throw noEvents(shown, start, summary);
  if (isOtherArchitecture(summary))
    throw new UsageError(`${shown}:${summary.impossible!.line}: no x86 kernel uses such a vector`, {
      code: 'OTHER_ARCHITECTURE',
      lastLines: [summary.impossible!.text.trim()],
      next: 'the model is of x86, where devices have vectors 32 to 255; other architectures use the matrix in other ways',
    });
  out.write(
    options.json ? json(shown, summary) : traceText(shown, summary, { style: out.style, rules: vectorRules }),
  );
  return summary.impossible ? exitCodes.notAsExpected : exitCodes.asExpected;
}

/** What else begins like this, and how it becomes a trace. */
const others: readonly [RegExp, string, string][] = [
  // trace-cmd's Documentation/trace-cmd/trace-cmd.dat.v7.5.txt
  [/^[^ -~]{2}Dtracing/, 'is trace-cmd’s binary record', 'trace-cmd report FILE > FILE.txt'],
  // tools/perf/Documentation/perf.data-file-format.txt
  [/^PERFILE2/, 'is perf’s binary record', 'record with ftrace: docs/check-trace.md'],
  [
    /: {1,20}\w{3,30}:\w{3,40}: /,
    'looks like the text of perf script',
    'record with ftrace: docs/check-trace.md',
  ],
];

function notATrace(shown: string, start: string | undefined, lines: number): UsageError {
  if (start === undefined)
    return new UsageError(`${shown} is empty`, {
      code: 'NOT_A_TRACE',
      next: 'docs/check-trace.md: Recording',
    });
  const other = others.find(([pattern]) => pattern.test(start));
  return new UsageError(
    `${shown} ${other?.[1] ?? `is not an ftrace text: none of its ${lines} lines is one`}`,
    {
      code: 'NOT_A_TRACE',
      next: other?.[2] ?? 'give what /sys/kernel/tracing/trace, trace_pipe or `trace-cmd report` printed',
    },
  );
}

function noEvents(
  shown: string,
  start: string | undefined,
  { gaps, gapCount, lines }: TraceSummary,
): UsageError {
  if (/\birq_matrix:irq_matrix_/.test(start ?? '')) return notATrace(shown, start, lines);
  const cut = gaps.find(({ why }) => why === 'unreadable-line');
  if (cut)
    return new UsageError(
      `${shown}:${cut.line}: an irq_matrix event that cannot be read to its end, and so are all ${gapCount} of them`,
      { code: 'NO_VECTOR_EVENTS', next: 'lines that a terminal or a pager cut: give the recording itself' },
    );
  return new UsageError(`${shown} holds no irq_matrix event`, {
    code: 'NO_VECTOR_EVENTS',
    next: 'record with the kernel word trace_event=irq_matrix:* or `echo 1 > /sys/kernel/tracing/events/irq_matrix/enable`',
  });
}

/** The very first bit is out of range: riscv and loongarch keep other things in an irq_matrix. */
function isOtherArchitecture({ impossible, bits, vectorEvents }: TraceSummary): boolean {
  if (!impossible || bits.of > 0 || vectorEvents > 0) return false;
  return impossible.departures.some(({ field, got }) => field === 'bit' && (got < 32 || got > 255));
}

function featuresOf(release: string): KernelFeatures {
  const version = kernelVersion(release);
  if (version) return kernelFeatures(version);
  throw new UsageError(`${release} is not a kernel release`, {
    code: 'BAD_KERNEL_RELEASE',
    next: 'give what `uname -r` says there, e.g. --kernel 6.1.0-56-amd64',
  });
}

async function checkStream(
  check: TraceCheck,
  pieces: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): Promise<TraceSummary> {
  const lines = new LineRanges((bytes, from, to) => check.range(bytes, from, to));
  for await (const piece of pieces) {
    see(piece);
    if (!lines.push(piece)) return check.summary;
  }
  lines.end();
  check.end();
  return check.summary;
}

function json(file: string, { impossible, ...rest }: TraceSummary): string {
  const found = impossible && {
    line: impossible.line,
    text: impossible.text,
    event: impossible.event,
    departures: impossible.departures,
    outOfOrder: impossible.outOfOrder,
    irq: impossible.irq ?? null,
    before: stateJson(impossible),
  };
  return `${JSON.stringify({ file, ...rest, explained: !found, ...(found ? { impossible: found } : {}) }, null, 2)}\n`;
}

/** Without the 256 cells of each CPU; null is "not known". */
function stateJson({ before, event }: NonNullable<TraceSummary['impossible']>) {
  const { onlineMaps, globalAvailable, globalReserved, totalAllocated } = before;
  const cpu = 'cpu' in event && event.cpu !== undefined ? before.cpus[event.cpu] : undefined;
  const or = (value: unknown) => value ?? null;
  return {
    onlineMaps: or(onlineMaps),
    globalAvailable: or(globalAvailable),
    globalReserved: or(globalReserved),
    totalAllocated: or(totalAllocated),
    cpu: cpu
      ? {
          online: or(cpu.online),
          available: or(cpu.available),
          allocated: or(cpu.allocated),
          managed: or(cpu.managed),
          running: or(cpu.running),
        }
      : null,
  };
}
