/** What `vflab predict` prints: the first disk that fails comes first, then the ranges, then what would help. */

import type { Described } from '../commands/describe.ts';
import type { Forecast } from '../model/virtio/description.ts';
import type { Outlook, RungRange } from '../model/virtio/outlook.ts';
import type { RemedyOutlook } from '../model/virtio/remedies.ts';
import type { DiskPrediction } from '../model/virtio/types.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import { table } from './table.ts';

export interface PredictionReport {
  machine: Described;
  /** One for each way that the kernel may go, the likelier first. */
  ways: readonly (Forecast & { ranges: readonly RungRange[]; outlook: Outlook })[];
  remedies: readonly RemedyOutlook[];
}

const rungNames = {
  each: 'EACH: a vector for every queue',
  'shared-slow': 'SHARED_SLOW: a vector for every queue, one managed less',
  shared: 'SHARED: one vector for all queues',
  intx: 'INTx: the interrupt line',
  failed: 'none: the probe fails',
} as const;

export function predictionText({ machine, ways, remedies }: PredictionReport, style: Style): string {
  const lines = [
    style.bold(headline(machine)),
    ...machine.sources.map((source) => `  read: ${plainLine(source)}`),
    ...(machine.notForeseen === undefined ? [] : [`  not foreseen: ${plainLine(machine.notForeseen)}`]),
    '',
  ];
  for (const [index, way] of ways.entries()) {
    if (ways.length > 1) lines.push(assumption(way, index), '');
    lines.push(...wayLines(way, machine, style), '');
  }
  lines.push('What would change it', ...remedyLines(remedies, machine.description.disks), '');
  return lines.join('\n');
}

function headline({ title, release, description }: Described): string {
  const { cpus, possible, nodes, disks, queues, intx, affinity } = description;
  const parts = [
    `${cpus} CPU${cpus === 1 ? '' : 's'}${possible > cpus ? ` of ${possible} possible` : ''}${nodes > 1 ? ` in ${nodes} nodes` : ''}`,
    `${disks} virtio-blk disk${disks === 1 ? '' : 's'} with ${queues} queue${queues === 1 ? '' : 's'}${disks === 1 ? '' : ' each'}`,
    ...(intx === 'pinless' ? ['no interrupt pin'] : []),
    ...(affinity ? [] : ['a driver without affinity']),
  ];
  return `${title === undefined ? '' : `${plainLine(title)}: `}Linux ${plainLine(release)}, ${parts.join(', ')}`;
}

function assumption({ assumed }: Pick<Forecast, 'assumed'>, index: number): string {
  const words = Object.entries(assumed).map(([name, value]) => `${value ? '' : 'no '}${name}`);
  return `${index === 0 ? 'The release does not tell everything. With' : 'With'} ${words.join(', ')}:`;
}

function wayLines(
  { prediction, ranges, outlook }: PredictionReport['ways'][number],
  machine: Described,
  style: Style,
): string[] {
  const { disks, firstFailing } = prediction;
  const { left, allocated } = outlook;
  const failing = firstFailing === undefined ? undefined : disks[firstFailing];
  const head = failing
    ? failureLines(failing, disks.length, style)
    : [
        style.green(
          disks.length === 1 ? 'The disk gets interrupts.' : `All ${disks.length} disks get interrupts.`,
        ),
      ];
  return [
    ...head,
    ...seenLines(machine, failing),
    `  in the end ${left} slots are left of all CPUs, with ${allocated} vectors allocated`,
    '',
    ...rangeTable(ranges, machine.description.firstNumber),
  ];
}

function failureLines(disk: DiskPrediction, count: number, style: Style): string[] {
  return [
    style.red(`First to fail: ${disk.name}, disk ${disk.index + 1} of ${count}, with error ${disk.errno}`),
    ...disk.messages.map((message) => `  kernel: ${message}`),
    ...disk.attempts.map(({ rung, errno, why }) => `  ${rung}: ${why} (${errno})`),
  ];
}

function seenLines({ seenFailure }: Described, failing: DiskPrediction | undefined): string[] {
  if (!seenFailure) return [];
  const { value, file, line } = seenFailure;
  const same = failing?.name === value.name && failing.errno === value.errno;
  return [
    `  the logs: ${value.name} failed with error ${value.errno} first (${plainLine(file)}:${line})${same ? ', as predicted' : ''}`,
  ];
}

function rangeTable(ranges: readonly RungRange[], firstNumber: number): string[] {
  const rows = ranges.map(({ first, last, rung, errno, slots: [least, most] }) => [
    numbers(first, last),
    `virtio${numbers(firstNumber + first, firstNumber + last)}`,
    errno === undefined ? rungNames[rung] : `${rungNames[rung]} with ${errno}`,
    least === most ? `${least}` : `${least} to ${most}`,
  ]);
  return table([['disks', 'names', 'rung', 'slots each'], ...rows]).map((line) => `  ${line}`);
}

function numbers(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

function remedyLines(remedies: readonly RemedyOutlook[], disks: number): string[] {
  const rows = remedies.map((remedy) => {
    const { title, working, best, left, unplugged } = remedy;
    const gone =
      remedy.id !== 'unplug'
        ? ''
        : unplugged === undefined
          ? ' (no number is enough)'
          : ` (${unplugged} of them)`;
    return [`${title}${gone}`, `${working} of ${disks}`, `${best}`, `${left}`];
  });
  return table([['remedy', 'disks that work', 'with a vector a queue', 'slots left'], ...rows]).map(
    (line) => `  ${line}`,
  );
}
