/** A counterexample of the explorer → a schedule that forces it on a kernel. */
import { UsageError } from '../errors.ts';
import type { ActionPlace, RaceMap } from './races/race-map.ts';
import type { Place, Schedule, Step } from './schedule.ts';

/** As `Action` of src/model/race/scenario.ts has them. */
export interface ModelStep {
  /** `CPU1`, or a device. */
  process: string;
  id: string;
  text: string;
}

/**
 * To do a step, its CPU runs until it is about to do the next of its own; for its last one, until it has done it, or,
 * where nobody acts after it, until it is released. Whoever acts of itself is made to begin, and held where it is about
 * to do its first step; the others, which take interrupts, rest.
 * @throws {UsageError} `RACE_NOT_FORCED` for a step that has no place in a kernel
 */
export function compileSchedule(title: string, path: readonly ModelStep[], map: RaceMap): Schedule {
  const placeOf = ({ id, text }: ModelStep): ActionPlace => {
    const place = map.actions[id];
    if (!place) throw notForced(`the map of ${map.model} does not say where "${text}" (${id}) is`);
    if ('nowhere' in place) throw notForced(`"${text}": ${place.nowhere}`);
    return place;
  };
  const onCpu = path.filter((step) => 'before' in placeOf(step));
  const processes = [...new Set(onCpu.map(({ process }) => process))];
  const beginning = processes.filter((process) => Object.hasOwn(map.begin, process));
  if (beginning.length === 0) throw notForced('no CPU begins anything in it');
  const firstOf = (process: string) => onCpu.find((step) => step.process === process)!;
  const steps: Step[] = [
    ...beginning.flatMap((process): Step[] => [
      { do: map.begin[process]! },
      { hold: process, at: beforeOf(placeOf(firstOf(process))) },
    ]),
    ...processes
      .filter((process) => !beginning.includes(process))
      .map((process): Step => ({ rest: process })),
  ];
  for (const [i, step] of path.entries()) {
    const place = placeOf(step);
    const note = `${step.process}: ${step.text}`;
    if ('do' in place) steps.push({ do: place.do, note });
    if (!('before' in place)) continue;
    const later = path.slice(i + 1);
    const next = later.find((other) => other.process === step.process && 'before' in placeOf(other));
    const isLast = !later.some((other) => other.process !== step.process);
    const to = next ? beforeOf(placeOf(next)) : [...(place.after ?? [])];
    if (to.length > 0) steps.push({ run: step.process, to, note });
    else if (!isLast) throw notForced(`the map of ${map.model} does not say where "${step.text}" is done`);
    else if (!('look' in place)) continue;
    else steps.push({ step: step.process, note });
    if (place.look) {
      const { name, expect } = place.look;
      steps.push({ look: name, ...(expect === undefined ? {} : { expect }) });
    }
  }
  return { title, steps };
}

function beforeOf(place: ActionPlace): Place[] {
  return 'before' in place ? [...place.before] : [];
}

function notForced(what: string): UsageError {
  return new UsageError(`this interleaving cannot be forced on a kernel: ${what}`, {
    code: 'RACE_NOT_FORCED',
    next: 'src/director/races/ maps the actions of a model to places in the kernel.',
  });
}
