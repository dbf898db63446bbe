/** What `vflab check-trace` prints: what was checked, what is not known, and the impossible event with its state. */
import type { CpuState, MatrixState } from '../model/vector/types.ts';
import type { Gap, ImpossibleEvent, Share, TraceSummary } from '../verdict/vectors.ts';
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
    [
      '  CPU: best of all online',
      `${share(summary.cpus)} (else the affinity mask, which no event shows, was narrower)`,
    ],
    ['vector_* events, held against those', `${summary.vectorEvents}`],
  ];
  return table(rows).map((line) => `  ${line}`);
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
  { line, text, event, departures, before }: ImpossibleEvent,
  style: Style,
  rules: Readonly<Record<string, string>>,
): string[] {
  const found = departures.flatMap(({ rule, field, got, allowed }) => [
    `  ${field}=${got}, the model allows ${allowed}`,
    style.dim(`    ${rule}: ${rules[rule]}`),
  ]);
  const cpu = 'cpu' in event ? [`  CPU ${event.cpu} before it: ${cpuText(before.cpus[event.cpu])}`] : [];
  return [
    `${file}:${line}: ${style.red('the kernel cannot have produced this event')}`,
    `  ${plainLine(text).trim()}`,
    ...found,
    ...cpu,
    `  totals before it: ${totalsText(before)}`,
  ];
}

function cpuText(cpu: CpuState | undefined): string {
  if (!cpu) return 'no event was about it';
  const online = cpu.online === undefined ? '?' : cpu.online ? 1 : 0;
  return `online=${online} avl=${known(cpu.available)} alloc=${known(cpu.allocated)} managed=${known(cpu.managed)} (running ${known(cpu.running)})`;
}

function totalsText(state: MatrixState): string {
  return `online_maps=${known(state.onlineMaps)} global_avl=${known(state.globalAvailable)}, global_rsvd=${known(state.globalReserved)}, total_alloc=${known(state.totalAllocated)}`;
}

function known(value: number | undefined): string {
  return value === undefined ? '?' : `${value}`;
}
