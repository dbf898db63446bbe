/**
 * `npm run model:conformance [-- --record [SCENARIO…]] [--kernel K]… [--json]`: how exactly the model foretells what
 * real kernels do, recording by recording. Without `--record` it boots nothing and takes the recordings of the
 * repository and of the cache. Exit 0: no event departs from the model; 1: some do; 2: wrong words; 3: a lab broke.
 */
import { parseArgs } from 'node:util';
import { exitCodes, isKnownError, UsageError } from '../src/errors.ts';
import { cacheDirectory } from '../src/images/cache.ts';
import { kernelNames } from '../src/images/kernel-names.ts';
import { resolveKernel } from '../src/images/kernels.ts';
import { styleFor } from '../src/report/colour.ts';
import { knownErrorText } from '../src/report/known-error.ts';
import { measure } from './measure.ts';
import { planOf, record } from './record.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { definitionOf, readTrace, type Stored, TraceStore } from './store.ts';
import { conformanceTable, type Row } from './table.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  const kernels = kernelsOf(values.kernel);
  const series = await Promise.all(kernels.map(seriesOf));
  const chosen = choose(positionals);
  const store = new TraceStore(cacheDirectory());
  const failures = values.record ? await recordAll(store, kernels, chosen, positionals.length > 0) : [];
  const wanted = new Set(chosen.map(({ name }) => name));
  const stored = store.list().filter(({ kernel }) => !values.kernel || series.includes(kernel));
  const known = new Set(scenarios.map(({ name }) => name));
  const rows = stored
    // What the repository has besides the scenarios counts where nothing was named.
    .filter(({ scenario }) => wanted.has(scenario) || (positionals.length === 0 && !known.has(scenario)))
    .map((one) => rowOf(store, one));
  const missing = series.flatMap((kernel) =>
    chosen
      .filter(({ name }) => !stored.some((s) => s.kernel === kernel && s.scenario === name))
      .map(({ name }) => `${kernel} ${name}`),
  );
  if (values.json) process.stdout.write(`${JSON.stringify({ rows, missing, failures }, null, 2)}\n`);
  else process.stdout.write(conformanceTable(rows, missing));
  if (failures.length > 0) return exitCodes.labBroke;
  if (rows.some(({ measured }) => measured.mismatches.length > 0)) return exitCodes.notAsExpected;
  return rows.length === 0 ? exitCodes.nothingRan : exitCodes.asExpected;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        record: { type: 'boolean', default: false },
        kernel: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, {
      code: 'BAD_COMMAND_LINE',
      next: 'npm run model:conformance [-- --record [SCENARIO…]] [--kernel K]… [--json]',
    });
  }
}

function kernelsOf(names: readonly string[] | undefined): readonly string[] {
  const known = Object.keys(kernelNames);
  const unknown = names?.find((name) => !known.includes(name));
  // What the newest is changes: it is recorded where it is asked for.
  if (unknown === undefined) return names ?? known.filter((name) => name !== 'newest');
  throw new UsageError(`no kernel is called ${unknown}`, {
    code: 'UNKNOWN_KERNEL',
    next: `Kernels: ${known.join(', ')}.`,
  });
}

/** A recording is named by the series that it is of, whatever led to the kernel. */
async function seriesOf(name: string): Promise<string> {
  if (name !== 'newest') return name;
  const { release } = await resolveKernel({ cache: cacheDirectory(), onProgress: say }, name);
  return /^\d+\.\d+/.exec(release)![0];
}

function choose(names: readonly string[]): readonly Scenario[] {
  const unknown = names.find((name) => !scenarios.some((s) => s.name === name));
  if (unknown !== undefined)
    throw new UsageError(`no scenario is called ${unknown}`, {
      code: 'BAD_COMMAND_LINE',
      next: `Scenarios: ${scenarios.map(({ name }) => name).join(', ')}.`,
    });
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

/** Named scenarios are recorded anew; without names, those that are missing or were defined otherwise. */
async function recordAll(
  store: TraceStore,
  kernels: readonly string[],
  chosen: readonly Scenario[],
  named: boolean,
): Promise<string[]> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const context = { cache: cacheDirectory(), onProgress: say, signal: stop.signal };
  const failures: string[] = [];
  for (const scenario of chosen) {
    for (const kernel of kernels) {
      const definition = definitionOf(scenario, planOf(scenario, kernel));
      const series = await seriesOf(kernel);
      const have = store.facts(series, scenario.name);
      if (!named && (scenario.onlyWhenNamed || have?.definition === definition)) continue;
      try {
        const recording = await record(scenario, kernel, context);
        store.keep(series, scenario.name, definition, recording);
        say(`${kernel} ${scenario.name}: recorded, ${recording.lost} events lost`);
      } catch (error) {
        if (!isKnownError(error)) throw error;
        failures.push(`${kernel} ${scenario.name}: ${error.code}: ${error.message}`);
        say(knownErrorText(error, styleFor(false)).trimEnd());
      }
    }
  }
  return failures;
}

function rowOf(store: TraceStore, stored: Stored): Row {
  const { kernel, scenario, file, from } = stored;
  const facts = from === 'cache' ? store.facts(kernel, scenario) : undefined;
  const measured = measure(readTrace(file).split('\n'), kernel);
  return { kernel, scenario, from, file, lostInRing: facts?.lost ?? 0, measured };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isKnownError(error)) throw error;
  process.stderr.write(knownErrorText(error, styleFor(false)));
  process.exitCode = error.exitCode;
}
