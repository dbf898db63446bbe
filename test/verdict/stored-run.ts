/** Stored runs for tests: real recordings, and ways to spoil them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { HarnessEvent } from '../../src/evidence/record.ts';
import type { InvariantPlan, VariantPlan } from '../../src/lab/plan.ts';
import { judge } from '../../src/verdict/judge.ts';
import type { Verdict } from '../../src/verdict/types.ts';

const runs = join(import.meta.dirname, '../fixtures/recordings');

export class StoredRunCopy {
  plan: VariantPlan;
  readonly contents: Map<string, string>;

  constructor(name: string) {
    const folder = join(runs, name);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    this.contents = new Map(
      names.flatMap((name) => {
        const path = join(folder, name);
        if (!statSync(path).isFile()) return [];
        // Large files of a recording are kept packed.
        if (name.endsWith('.gz')) return [[name.slice(0, -3), gunzipSync(readFileSync(path)).toString()]];
        return [[name, readFileSync(path, 'utf8')]];
      }),
    );
    this.plan = JSON.parse(this.contents.get('plan.json')!) as VariantPlan;
  }

  judge(): Verdict {
    return judge({ plan: this.plan, files: (name) => this.contents.get(name) });
  }

  /** Replaces text in a file; a replacement that hits nothing is a mistake of the test. */
  replace(file: string, from: string | RegExp, to: string): this {
    const before = this.contents.get(file);
    const after = before?.replace(from, to);
    if (after === undefined || after === before) throw new Error(`${from} is not in ${file}`);
    this.contents.set(file, after);
    return this;
  }

  /** The same in console and ring buffer of the host. */
  hostLog(from: RegExp, to: string): this {
    return this.replace('host.serial', from, to).replace('host.dmesg', from, to);
  }

  /** Drops lines that match. */
  drop(file: string, matching: RegExp): this {
    const lines = this.contents.get(file)!.split('\n');
    const kept = lines.filter((line) => !matching.test(line));
    if (kept.length === lines.length) throw new Error(`${matching} is not in ${file}`);
    this.contents.set(file, kept.join('\n'));
    return this;
  }

  /** Adds an invariant to what the plan demands. */
  demands(invariant: InvariantPlan): this {
    this.plan = { ...this.plan, invariants: [...(this.plan.invariants ?? []), invariant] };
    return this;
  }

  delete(file: string): this {
    if (!this.contents.delete(file)) throw new Error(`no ${file}`);
    return this;
  }

  append(file: string, text: string): this {
    this.contents.set(file, (this.contents.get(file) ?? '') + text);
    return this;
  }

  /** Rewrites harness events; return undefined to drop one. */
  events(edit: (event: HarnessEvent) => HarnessEvent | undefined): this {
    const lines = this.contents.get('events.ndjson')!.trimEnd().split('\n');
    const edited = lines.flatMap((line) => edit(JSON.parse(line) as HarnessEvent) ?? []);
    const text = edited.map((event) => `${JSON.stringify(event)}\n`).join('');
    if (text === this.contents.get('events.ndjson')) throw new Error('no event was changed');
    this.contents.set('events.ndjson', text);
    return this;
  }
}

/** Names of all recordings. */
export function recordings(): string[] {
  return readdirSync(runs).sort();
}

export function stored(name: string): StoredRunCopy {
  if (!existsSync(join(runs, name))) throw new Error(`no recording ${name}`);
  return new StoredRunCopy(name);
}
