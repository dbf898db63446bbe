/** What a hunt found, for a terminal. */
import type { Visit } from '../hunt/drive.ts';
import type { Hit, HuntResult, HuntRun, Weight } from '../hunt/hunt.ts';
import type { Preemption, Schedule } from '../hunt/schedule.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import { formatMs } from './time.ts';

export interface HuntHead {
  /** `lost-interrupt-race, 6.1+race` */
  title: string;
  points: readonly string[];
  preemptions: number;
  longest: number;
  weight: Weight | undefined;
  /** The command that runs one seed again. */
  replay: (seed: number) => string;
}

export function huntText(head: HuntHead, result: HuntResult, style: Style): string {
  const { undisturbed, runs, hits, unfinished, ms } = result;
  const visits = undisturbed.visits.length;
  const lines = [style.bold(head.title)];
  if (undisturbed.outcome !== 'passed') {
    lines.push(`  With nobody held ${ending(undisturbed)}: that needs no hunt.`, ...tail(undisturbed));
    return text(lines);
  }
  if (visits === 0) {
    lines.push(`  The work comes to none of its points: ${head.points.join(', ')}.`);
    return text(lines);
  }
  lines.push(`  Undisturbed: ${visits} visits of ${head.points.length} points, and all is well.`);
  if (head.weight)
    lines.push(
      `  ${head.weight.rate} of the schedules${hits.length === 0 ? ' fail' : ''}` +
        ` with up to ${head.preemptions} preemptions, held for up to ${head.longest} visits.`,
    );
  if (unfinished.length > 0)
    lines.push(
      `  ${unfinished.length} more did not end in their time and say nothing: seeds ${some(unfinished)}.`,
    );
  if (runs + unfinished.length > 1) {
    const rate = (60_000 * (runs + unfinished.length)) / ms;
    lines.push(`  ${runs + unfinished.length} runs in ${formatMs(ms)}, ${rate.toFixed(0)} a minute.`);
  }
  if (hits.length === 0 && head.weight) {
    const least = percent(head.weight.onePreemption);
    lines.push(`  A failure of one preemption would be met by at least ${least} of the schedules.`);
  }
  const { length } = hits;
  if (length > 0)
    lines.push('', `Failed: ${length === 1 ? 'seed' : 'seeds'} ${some(hits.map(({ seed }) => seed))}`);
  for (const hit of hits) if (hit.shrunk) lines.push('', ...hitLines(hit, head, undisturbed.schedule.shift));
  return text(lines);
}

function hitLines({ seed, run, shrunk }: Hit, head: HuntHead, plainShift: number): string[] {
  const { schedule, tries, minimal, replay } = shrunk!;
  const [from, left] = [run.schedule.preemptions.length, schedule.preemptions.length];
  const same = replay.same
    ? 'run again, the same to the last byte of its console'
    : `run again, ${replay.outcome}, different from line ${replay.line} of its console on`;
  return [
    `Seed ${seed}: ${ending(shrunk!.run)}.`,
    `  Of ${count(from)} ${count(left)} ${left === 1 ? 'is' : 'are'} needed` +
      ` (${tries} tries${minimal ? '' : ', stopped before the end'}; ${same}):`,
    ...stepLines(schedule, shrunk!.run.visits, plainShift),
    ...tail(shrunk!.run),
    `  Again: ${head.replay(seed)}`,
  ];
}

/** Where each preemption is, and what the others did meanwhile. */
function stepLines(schedule: Schedule, visits: readonly Visit[], plainShift: number): string[] {
  const { preemptions, urgent, shift } = schedule;
  const lines = [
    ...(urgent === undefined ? [] : [`    CPU${urgent} goes on as soon as an interrupt waits for it`]),
    ...(shift === plainShift ? [] : [`    an instruction takes ${2 ** shift} ns, not ${2 ** plainShift}`]),
    ...preemptions.flatMap((preemption) => preemptionLines(preemption, visits)),
  ];
  return lines.length === 0 ? ['    it fails with nobody held'] : lines;
}

function preemptionLines({ visit, hold }: Preemption, visits: readonly Visit[]): string[] {
  const at = visits[visit];
  if (!at) return [`    visit ${visit}: not come to`];
  const others = visits.slice(visit + 1).filter(({ cpu }) => cpu !== at.cpu);
  const meanwhile = others.slice(0, hold).map(({ cpu, point }) => `CPU${cpu} ${point}`);
  const cut = at.cut ? `, let go early (${cutText[at.cut]})` : '';
  return [
    `    CPU${at.cpu} is held at ${at.point} (visit ${visit})${cut}`,
    ...(at.cut ? [] : meanwhile.map((step) => `      ${step}`)),
  ];
}

const cutText = {
  lock: 'somebody waited for a lock',
  time: 'nobody else came',
} as const;

export function ending({ outcome, status }: Pick<HuntRun, 'outcome' | 'status'>): string {
  if (outcome === 'unfinished') return 'it did not end in its time';
  if (outcome === 'passed') return 'all is well';
  return status === undefined ? 'the kernel panicked' : `the work failed with status ${status}`;
}

/** The machine's last words, before the line that ends its work. */
function tail({ console }: HuntRun): string[] {
  const said = console.filter((line) => line.trim() !== '');
  return said.slice(-6).map((line) => `    | ${plainLine(line)}`);
}

function count(preemptions: number): string {
  return preemptions === 1 ? '1 preemption' : `${preemptions} preemptions`;
}

function some(seeds: readonly number[]): string {
  const few = seeds.slice(0, 12).join(', ');
  return seeds.length > 12 ? `${few}, … (${seeds.length})` : few;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
