/** Whether real traces convict a mutant of the model. Mutated copies are loaded in memory, beside the true modules. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { measure as Measure } from './measure.ts';

export interface Mutant {
  /** The rule that it breaks, by its id. */
  rule: string;
  /** What the model then believes. */
  lie: string;
  file: string;
  /** Stands once in the file. */
  from: string;
  to: string;
}

export interface Trace {
  name: string;
  kernel: string;
  lines: readonly string[];
}

const root = join(import.meta.dirname, '..');
const query = '?mutant=';
/** By the number in the query of their modules' URLs. */
const loaded: Mutant[] = [];

registerHooks({
  /** All that a mutated copy imports belongs to the copy. */
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const at = context.parentURL?.indexOf(query) ?? -1;
    if (at < 0 || !found.url.startsWith('file:') || found.url.includes(query)) return found;
    return { ...found, url: found.url + context.parentURL!.slice(at) };
  },
  load(url, context, next) {
    const [plain, number] = url.split(query);
    const mutant = number === undefined ? undefined : loaded[Number(number)];
    if (!mutant || fileURLToPath(plain!) !== join(root, mutant.file)) return next(url, context);
    return { format: 'module-typescript', source: mutatedSource(mutant), shortCircuit: true };
  },
});

/** @throws Error when `from` does not stand in the file exactly once: the model changed under the mutant. */
export function mutatedSource({ rule, lie, file, from, to }: Mutant): string {
  const parts = readFileSync(join(root, file), 'utf8').split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(`${rule}, ${lie}: stands ${parts.length - 1} times in ${file}, not once: ${from}`);
}

/** A module of the repository as it is with this mutant in what it imports; without one, as it is. */
export async function mutatedCopy<T>(file: string, mutant?: Mutant): Promise<T> {
  const url = pathToFileURL(join(root, file)).href;
  return (await import(mutant ? `${url}${query}${loaded.push(mutant) - 1}` : url)) as T;
}

/**
 * The first event that convicts the mutant, or without one the model itself, as `trace:line rule: …`; undefined:
 * it got away.
 */
export async function convict(traces: readonly Trace[], mutant?: Mutant): Promise<string | undefined> {
  const { measure } = await mutatedCopy<{ measure: typeof Measure }>('conformance/measure.ts', mutant);
  for (const { name, kernel, lines } of traces) {
    const [first] = measure(lines, kernel, 1).mismatches;
    if (first) return `${name}:${first.line} ${first.departures[0]}`;
  }
  return undefined;
}
