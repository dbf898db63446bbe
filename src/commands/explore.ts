/** `vflab explore`: every interleaving of a race, in the model; what each variant is worth, and the shortest way to lose. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exitCodes, UsageError } from '../errors.ts';
import { raceTable } from '../explore/race-table.ts';
import type { Race } from '../model/race/race.ts';
import { races } from '../model/race/races.ts';
import { liveProgress, progressText } from '../report/explore-progress.ts';
import { raceJson } from '../report/race-json.ts';
import { raceText } from '../report/race-text.ts';
import { table } from '../report/table.ts';
import type { CommandContext } from './context.ts';

export interface ExploreCommandOptions {
  variant?: string;
  /** `cpus=2` */
  bound?: readonly string[];
  memoryMib?: number;
  json?: boolean;
}

/**
 * @param name a race, or a file of one's own; without it the races are listed
 * @returns 0 when every search was complete, 1 when one ended on its memory bound
 * @throws UsageError UNKNOWN_RACE, BAD_RACE_FILE, UNKNOWN_VARIANT, BAD_BOUND
 */
export async function explore(
  { cwd, out, err }: CommandContext,
  name: string | undefined,
  { variant, bound = [], memoryMib = 4096, json = false }: ExploreCommandOptions,
): Promise<number> {
  if (name === undefined) return list(out, json);
  const race = isFile(name) ? await raceOfFile(resolve(cwd, name)) : raceNamed(name);
  const bounds = boundsOf(race, bound);
  const progress = liveProgress(err);
  const cells = [
    ...raceTable(race, variantsOf(race, variant), bounds, {
      memoryBytes: memoryMib * 2 ** 20,
      tell: (seen) => progress.tell(progressText(seen)),
    }),
  ];
  progress.clear();
  const incomplete = cells.some(({ result }) => !result.violation && !result.complete);
  if (json) out.write(`${JSON.stringify(raceJson(race, cells), null, 2)}\n`);
  else out.write(`${raceText(race, cells, variant !== undefined).join('\n')}\n`);
  return incomplete ? exitCodes.notAsExpected : exitCodes.asExpected;
}

function list(out: CommandContext['out'], json: boolean): number {
  const known = races.map((race) => ({
    ...{ name: race.name, title: race.title, variants: race.variants },
    ...{ problems: race.problems, bounds: race.bounds },
  }));
  if (json) out.write(`${JSON.stringify(known, null, 2)}\n`);
  else out.write(`${table(known.map(({ name, title }) => [name, title])).join('\n')}\n`);
  return exitCodes.asExpected;
}

function raceNamed(name: string): Race {
  const race = races.find((each) => each.name === name);
  if (race) return race;
  throw new UsageError(`unknown race '${name}'`, {
    code: 'UNKNOWN_RACE',
    next: `one of: ${races.map((each) => each.name).join(', ')}; or the path of a file of your own, with a '/'`,
  });
}

function isFile(name: string): boolean {
  return name.includes('/') || name.endsWith('.ts');
}

/** A file that exports a {@link Race} as `race`: TypeScript that Node runs as it is. */
async function raceOfFile(file: string): Promise<Race> {
  const wrong = (what: string, cause?: unknown) =>
    new UsageError(`${file}: ${what}`, {
      ...{ code: 'BAD_RACE_FILE', cause },
      next: 'docs/races.md shows how one is written',
    });
  let found: Partial<Race> | undefined;
  try {
    ({ race: found } = (await import(pathToFileURL(file).href)) as { race?: Race });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error), error);
  }
  if (!found) throw wrong('exports no `race`');
  const fields = ['variants', 'problems', 'bounds', 'expected', 'shown', 'conclusions', 'scenario'] as const;
  const missing = fields.filter((field) => found[field] === undefined);
  if (missing.length > 0) throw wrong(`its race has no ${missing.join(', ')}`);
  return found as Race;
}

function variantsOf({ name, variants }: Race, only: string | undefined): readonly string[] {
  if (only === undefined) return Object.keys(variants);
  if (Object.hasOwn(variants, only)) return [only];
  throw new UsageError(`the race ${name} has no variant '${only}'`, {
    code: 'UNKNOWN_VARIANT',
    next: `one of: ${Object.keys(variants).join(', ')}`,
  });
}

function boundsOf({ name, bounds }: Race, given: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const text of given) {
    const [, id = '', digits = ''] = /^([a-z-]+)=(\d{1,3})$/.exec(text) ?? [];
    const bound = Object.hasOwn(bounds, id) ? bounds[id] : undefined;
    const value = Number(digits);
    if (!bound || value < 1 || value > bound.max)
      throw new UsageError(`'--bound ${text}' is no bound of the race ${name}`, {
        code: 'BAD_BOUND',
        next: Object.entries(bounds)
          .map(([each, { title, max }]) => `${each}=1 … ${each}=${max}: ${title}`)
          .join('; '),
      });
    found[id] = value;
  }
  return found;
}
