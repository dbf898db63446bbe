/**
 * `npm run controls`: every finding that a verdict can have, with a run where it is absent and one where it was
 * planted and is found. Nothing here is written down by hand: all stored recordings and all controls are judged now.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../src/report/table.ts';
import { type FindingId, findingsOf, type Verdict } from '../src/verdict/types.ts';
import type { Control } from './verdict/control.ts';
import { recordings, stored } from './verdict/stored-run.ts';

interface Judged {
  name: string;
  planted?: FindingId;
  /** A control whose verdict or finding is not what it should be. */
  wrong?: string;
  verdict: Verdict['verdict'];
  findings: ReadonlySet<FindingId>;
}

export interface ControlRow {
  finding: FindingId;
  /** Runs without it: a clean recording where there is one. */
  absent?: Judged;
  /** A control that plants it, else a recording that has it. */
  found?: Judged;
  controls: number;
}

const failures = join(import.meta.dirname, 'verdict/failures');

export async function loadControls(): Promise<Control[]> {
  const files = readdirSync(failures)
    .map((name) => join(failures, name, 'controls.ts'))
    .filter((file) => existsSync(file));
  const modules = (await Promise.all(files.map((file) => import(file)))) as { controls: Control[] }[];
  return modules.flatMap(({ controls }) => controls);
}

export async function judgeAll(): Promise<{ rows: ControlRow[]; wrong: string[] }> {
  const plain = recordings().map((name) => judged(name, stored(name).judge()));
  const planted = (await loadControls()).map((control): Judged => {
    const one = judged(control.name, control.run().judge());
    const ok = one.verdict === control.verdict && one.findings.has(control.finding);
    const wrong = `${control.name}: ${one.verdict} with ${[...one.findings].join(', ')}, not ${control.verdict} with ${control.finding}`;
    return { ...one, planted: control.finding, ...(ok ? {} : { wrong }) };
  });
  const rows = Object.values(findingsOf)
    .flat()
    .map((finding): ControlRow => {
      const without = [...plain, ...planted].filter(({ findings }) => !findings.has(finding));
      const absent = without.find(({ verdict }) => verdict === 'clean') ?? without[0];
      const own = planted.filter((one) => one.planted === finding && one.wrong === undefined);
      const found = own[0] ?? plain.find(({ findings }) => findings.has(finding));
      return {
        finding,
        ...(absent ? { absent } : {}),
        ...(found ? { found } : {}),
        controls: own.length,
      };
    });
  return { rows, wrong: planted.flatMap(({ wrong }) => wrong ?? []) };
}

function judged(name: string, { verdict, findings }: Verdict): Judged {
  return { name, verdict, findings: new Set(findings.map(({ id }) => id)) };
}

const words = (one: Judged | undefined) => (one ? `${one.name.slice(0, 72)}: ${one.verdict}` : 'NOWHERE');

if (import.meta.main) {
  const { rows, wrong } = await judgeAll();
  const head = ['Finding', 'Controls', 'Absent in', 'Found in'];
  const lines = rows.map((row) => [row.finding, `${row.controls}`, words(row.absent), words(row.found)]);
  process.stdout.write(`${table([head, ...lines]).join('\n')}\n`);
  for (const line of wrong) process.stderr.write(`WRONG ${line}\n`);
  const missing = rows.filter(({ absent, found }) => !absent || !found).length;
  process.stderr.write(
    `${rows.length} findings, ${missing} without a run on both sides, ${wrong.length} controls that do not do what they say\n`,
  );
  process.exitCode = missing + wrong.length > 0 ? 1 : 0;
}
