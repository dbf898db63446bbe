/** Where a race's order comes from: the explorer's counterexample, or a schedule that a person wrote. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileSchedule } from '../director/compile.ts';
import { loadSchedule } from '../director/load.ts';
import { raceMapOf } from '../director/races/index.ts';
import type { Schedule } from '../director/schedule.ts';
import { UsageError } from '../errors.ts';
import { explore } from '../explore/explore.ts';
import type { RacePlan } from '../lab/plan.ts';
import { formatProblem } from '../lab/problem.ts';
import type { Race } from '../model/race/race.ts';
import { races } from '../model/race/races.ts';

export interface RaceScript {
  schedule: Schedule;
  /** The counterexample that it forces. */
  counterexample?: { processes: readonly string[]; steps: { process: string; text: string }[] };
}

/**
 * @param labFile a schedule's path is relative to it
 * @returns undefined where nobody is held
 * @throws {UsageError} `UNKNOWN_RACE`, `RACE_NOT_FORCED`, `BAD_SCHEDULE`
 */
export async function raceScript(
  { model, order }: RacePlan,
  labFile: string,
): Promise<RaceScript | undefined> {
  const race = raceOf(model);
  if (order.from === 'nobody') return undefined;
  if (order.from === 'file') return { schedule: await read(join(dirname(labFile), order.file)) };
  const { cure, problem } = order;
  if (!Object.hasOwn(race.variants, cure)) throw unknown(race, 'variant', cure, Object.keys(race.variants));
  if (!Object.hasOwn(race.problems, problem))
    throw unknown(race, 'problem', problem, Object.keys(race.problems));
  const bounds = Object.fromEntries(Object.entries(race.bounds).map(([id, bound]) => [id, bound.default]));
  const scenario = race.scenario(cure, problem, bounds);
  const { violation } = explore(scenario);
  const map = raceMapOf(scenario.name);
  if (!violation || !map)
    throw new UsageError(
      violation
        ? `no table says where the actions of ${model} are in a kernel`
        : `the model of ${model} has no way to ${problem} with the cure ${cure}`,
      { code: 'RACE_NOT_FORCED', next: `vflab explore ${model} shows what can be lost.` },
    );
  const path = violation.path.flatMap(({ action }) => (action ? [action] : []));
  return {
    schedule: compileSchedule(`${cure}, ${problem}: ${violation.text}`, path, map),
    counterexample: {
      processes: scenario.processes,
      steps: path.map(({ process, text }) => ({ process, text })),
    },
  };
}

/** @throws {UsageError} `UNKNOWN_RACE` */
export function raceOf(model: string): Race {
  const race = races.find(({ name }) => name === model);
  if (race) return race;
  throw new UsageError(`unknown race '${model}'`, {
    code: 'UNKNOWN_RACE',
    next: `one of: ${races.map(({ name }) => name).join(', ')}`,
  });
}

async function read(file: string): Promise<Schedule> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badSchedule(`${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`);
  });
  const loaded = loadSchedule(text, file);
  if (!loaded.ok) throw badSchedule(loaded.problems.map(formatProblem).join('\n'));
  return loaded.schedule;
}

function badSchedule(what: string): UsageError {
  return new UsageError(what, { code: 'BAD_SCHEDULE', next: 'docs/director.md says what a schedule holds.' });
}

function unknown({ name }: Race, what: string, value: string, known: readonly string[]): UsageError {
  return new UsageError(`the race ${name} has no ${what} '${value}'`, {
    code: 'UNKNOWN_VARIANT',
    next: `one of: ${known.join(', ')}`,
  });
}
