/** What `vflab check-trace` prints: what was checked, what is not known, and the impossible event with its state. */
import type { Irq } from '../model/domain/state.ts';
import type { CpuState, MatrixState } from '../model/vector/types.ts';
import type { Reason, Share } from '../verdict/vector-tally.ts';
import type { Gap, ImpossibleEvent, TraceSummary } from '../verdict/vectors.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import { table } from './table.ts';

/** @param rules the sentence of each rule, by its id. */
export function traceText(
  file: string,
  summary: TraceSummary,
  { style, rules }: { style: Style; rules: Readonly<Record<string, string>> },
): string {
  const { impossible } = summary;
  const head = impossible
    ? impossibleLines(file, impossible, style, rules)
    : [`${file}: ${style.green('every event explained')}`];
  return `${[...head, ...checkedLines(summary), ...unknownLines(file, summary)].join('\n')}\n`;
}

function checkedLines(summary: TraceSummary): string[] {
  const share = ({ of, predicted }: Share) => `${predicted} of ${of}`;
  const rows = [
    ['irq_matrix events checked', `${summary.matrixEvents}`],
    ['  every counter foretold', share(summary.counters)],
    ['  bit foretold', share(summary.bits)],
    ['  CPU foretold', share(summary.cpus)],
    ['vector_* events checked', `${summary.vectorEvents}`],
  ];
  return [...table(rows).map((line) => `  ${line}`), ...reasonLines(summary)];
}

const reasons: Readonly<Record<Reason, string>> = {
  'mask-not-recorded': 'the affinity mask is not recorded (no event shows it, a probe does)',
  'cpu-died-unseen': 'a CPU died unseen, and not all is learnt anew',
  'not-seen': 'the trace begins in the middle or lost events, and not all is learnt yet',
  'interrupt-not-recorded': 'what the interrupt held, or whether it had a reservation, is not recorded',
  'kernel-not-told': 'kernels differ, and which one it was is not told (--kernel)',
};

/** Why what was not foretold was not, the most frequent first. */
function reasonLines({ counters, bits, cpus, bestOfOnline }: TraceSummary): string[] {
  const all = Object.entries({ counters, bits, CPUs: cpus }).flatMap(([what, { not }]) =>
    (Object.entries(not) as [Reason, number][]).map(([reason, count]) => ({ what, reason, count })),
  );
  const lines = all
    .sort((a, b) => b.count - a.count)
    .map(({ what, reason, count }) => `  not foretold: ${what} of ${count} events: ${reasons[reason]}`);
  if (bestOfOnline.of > 0)
    lines.push(
      `  ${bestOfOnline.predicted} of ${bestOfOnline.of} allocations without a recorded mask took the best of all online CPUs`,
    );
  return lines;
}

function unknownLines(file: string, summary: TraceSummary): string[] {
  const lines = summary.gaps.map((gap) => `  not known: ${file}:${gap.line}: ${gapText(gap)}`);
  const more = summary.gapCount - summary.gaps.length;
  if (more > 0) lines.push(`  not known: ${more} more gaps`);
  if (summary.diedUnseen > 0)
    lines.push(
      `  not seen: ${summary.diedUnseen} times a CPU went offline; the kernel traces nothing on a dying CPU, so its counters and bits were learnt anew`,
    );
  return lines;
}

function gapText({ why, lost }: Gap): string {
  switch (why) {
    case 'begins-in-the-middle':
      return 'the trace begins in the middle: counters and bits are learnt from here on';
    case 'lost-events':
      return `${lost > 0 ? `${lost} events` : 'events'} lost: counters and bits are learnt anew from here on`;
    case 'unreadable-line':
      return 'an event that cannot be read, taken for lost: counters and bits are learnt anew from here on';
  }
}

function impossibleLines(
  file: string,
  { line, text, event, departures, before, irq, outOfOrder }: ImpossibleEvent,
  style: Style,
  rules: Readonly<Record<string, string>>,
): string[] {
  const found = departures.flatMap(({ rule, field, got, allowed }) => [
    `  ${field}=${got}, the model allows ${allowed}`,
    style.dim(`    ${rule}: ${rules[rule]}`),
  ]);
  const cpu =
    'cpu' in event && event.cpu !== undefined
      ? [`  CPU ${event.cpu} before it: ${cpuText(before.cpus[event.cpu])}`]
      : [];
  return [
    `${file}:${line}: ${style.red('the kernel cannot have produced this event')}`,
    `  ${plainLine(text).trim()}`,
    ...found,
    ...cpu,
    ...(irq ? [`  irq ${irq.irq} before it: ${irqText(irq)}`] : []),
    `  totals before it: ${totalsText(before)}`,
    ...(outOfOrder
      ? ['  the event above it is of a later time: the lines are not in the order in which things happened']
      : []),
  ];
}

function cpuText(cpu: CpuState | undefined): string {
  if (!cpu) return 'no event was about it';
  const online = cpu.online === undefined ? '?' : cpu.online ? 1 : 0;
  return `online=${online} avl=${known(cpu.available)} alloc=${known(cpu.allocated)} managed=${known(cpu.managed)} (running ${known(cpu.running)})`;
}

function irqText(irq: Irq): string {
  const { isManaged, canReserve, hasReserved, vector, cpu, prevVector, prevCpu } = irq;
  const flags = `is_managed=${flag(isManaged)} can_reserve=${flag(canReserve)} has_reserved=${flag(hasReserved)}`;
  const prev = prevVector ? ` prev_vector=${prevVector} prev_cpu=${known(prevCpu)}` : '';
  return `${flags} vector=${known(vector)}${vector === 0 ? '' : ` cpu=${known(cpu)}`}${prev}`;
}

function flag(value: boolean | undefined): string {
  return value === undefined ? '?' : value ? '1' : '0';
}

function totalsText(state: MatrixState): string {
  return `online_maps=${known(state.onlineMaps)} global_avl=${known(state.globalAvailable)}, global_rsvd=${known(state.globalReserved)}, total_alloc=${known(state.totalAllocated)}`;
}

function known(value: number | undefined): string {
  return value === undefined ? '?' : `${value}`;
}
