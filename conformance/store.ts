/** Where recordings are: those kept in the repository, and those made here, in the cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Plan } from '../src/lab/plan.ts';
import type { Recording } from './record.ts';
import type { Scenario } from './scenario.ts';

export interface Stored {
  kernel: string;
  scenario: string;
  file: string;
  from: 'repository' | 'cache';
}

/** Beside each recording of the cache. */
interface Facts {
  /** Of the scenario as it was recorded. */
  definition: string;
  versions: Record<string, string>;
  recordedAt: string;
  lost: number;
}

const fixtures = join(import.meta.dirname, '../test/fixtures/traces');
const traceFile = /^(\d+\.\d+)-([a-z0-9-]+)\.trace\.gz$/;

/** What a recording is of: the machine, its kernel words, the steps. One of another definition is none of this. */
export function definitionOf(scenario: Scenario, plan: Plan): string {
  const stir = readFileSync(join(import.meta.dirname, 'stir.sh'), 'utf8');
  const spec = plan.variants[0]!.host.spec;
  return createHash('sha256')
    .update(JSON.stringify([scenario, spec, stir]))
    .digest('hex')
    .slice(0, 16);
}

export class TraceStore {
  readonly folder: string;

  /** @param cache the cache directory of vflab. */
  constructor(cache: string) {
    this.folder = join(cache, 'traces');
  }

  /** Recordings of the repository and of the cache, the cache's first where both have one. */
  list(): Stored[] {
    const found = new Map<string, Stored>();
    for (const [from, folder] of [
      ['repository', fixtures],
      ['cache', this.folder],
    ] as const) {
      if (!existsSync(folder)) continue;
      for (const name of readdirSync(folder)) {
        const [, kernel, scenario] = traceFile.exec(name) ?? [];
        if (kernel && scenario) found.set(name, { kernel, scenario, file: join(folder, name), from });
      }
    }
    return [...found.values()];
  }

  /** What is known of a recording in the cache; undefined: there is none. */
  facts(kernel: string, scenario: string): Facts | undefined {
    const file = join(this.folder, `${kernel}-${scenario}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Facts) : undefined;
  }

  keep(kernel: string, scenario: string, definition: string, recording: Recording): void {
    mkdirSync(this.folder, { recursive: true });
    const { trace, dmesg, interrupts, versions, lost } = recording;
    const facts: Facts = { definition, versions, recordedAt: new Date().toISOString(), lost };
    const base = `${kernel}-${scenario}`;
    this.#put(`${base}.trace.gz`, gzipSync(trace, { level: 9 }));
    this.#put(`${base}.dmesg.gz`, gzipSync(dmesg));
    this.#put(`${base}.interrupts`, interrupts);
    // Last: it says that the rest is whole.
    this.#put(`${base}.json`, `${JSON.stringify(facts, null, 2)}\n`);
  }

  #put(name: string, data: string | Buffer): void {
    const file = join(this.folder, name);
    writeFileSync(`${file}.new`, data);
    renameSync(`${file}.new`, file);
  }
}

/** Every trace of the repository, the scenarios' and others. */
export function repositoryTraces(): string[] {
  return readdirSync(fixtures)
    .filter((name) => /\.trace(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(fixtures, name));
}

/** The kernel that a trace of the repository is of, by its name: 6.1-cpus.trace.gz. */
export function kernelOf(file: string): string | undefined {
  return /\d+\.\d+/.exec(basename(file))?.[0];
}

/** One character a byte, as check-trace reads. */
export function readTrace(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
}
