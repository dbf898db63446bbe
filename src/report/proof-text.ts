/** What `vflab predict --prove` prints: predicted and seen side by side. */
import type { Described } from '../commands/describe.ts';
import type { DiskComparison, DiskEnd } from '../verdict/prediction/compare.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import { table } from './table.ts';

export interface Proof {
  machine: Described;
  disks: readonly DiskComparison[];
  /** Of the evidence. */
  folder: string;
}

const looks = {
  queue: 'a vector a queue',
  shared: 'one vector for all queues',
  line: 'the interrupt line',
  none: 'no interrupt',
} as const;

export function proofText({ machine, disks, folder }: Proof, style: Style): string {
  const different = disks.filter(({ same }) => !same);
  const { cpus, nodes, queues } = machine.description;
  const head = `Linux ${machine.release}, CPUs: ${cpus}, nodes: ${nodes}, disks: ${disks.length}, queues: ${queues}`;
  const rows = ranges(disks).map(({ first, last, predicted, seen, same }) => [
    `${first}-${last}`,
    predicted,
    seen,
    same ? style.green('same') : style.red('DIFFERENT'),
  ]);
  const sum =
    different.length === 0
      ? style.green(`All ${disks.length} disks ended as predicted: rung, error and message.`)
      : style.red(`${different.length} of ${disks.length} disks ended otherwise.`);
  return [
    style.bold(head),
    ...table([['disks', 'predicted', 'seen', ''], ...rows]).map((line) => `  ${line}`),
    sum,
    ...different.slice(0, 3).flatMap(details),
    `evidence: ${folder}`,
    '',
  ].join('\n');
}

export function proofJson({ machine, disks, folder }: Proof) {
  const { seed: _, ...description } = machine.description;
  return { kernel: machine.release, description, folder, same: disks.every(({ same }) => same), disks };
}

function details({ name, predicted, seen }: DiskComparison): string[] {
  const say = (end: DiskEnd | undefined) =>
    end?.messages.length ? end.messages.map(plainLine).join('; ') : 'nothing';
  return [`  ${name}: predicted the kernel to say ${say(predicted)}`, `  ${name}: it said ${say(seen)}`];
}

interface Range {
  first: number;
  last: number;
  predicted: string;
  seen: string;
  same: boolean;
}

/** Neighbours with the same ends. */
function ranges(disks: readonly DiskComparison[]): Range[] {
  const result: Range[] = [];
  for (const { index, predicted, seen, same } of disks) {
    const one = { predicted: words(predicted), seen: words(seen), same };
    const last = result.at(-1);
    if (last && last.predicted === one.predicted && last.seen === one.seen && last.same === same)
      last.last = index;
    else result.push({ first: index, last: index, ...one });
  }
  return result;
}

function words(end: DiskEnd | undefined): string {
  if (!end) return 'not there';
  return end.errno === undefined ? looks[end.look] : `${looks[end.look]}, error ${end.errno}`;
}
