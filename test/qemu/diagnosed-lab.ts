/** A report's files, diagnosed; the lab that comes of it, run. */
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import type { RunResult } from '../../src/report/result.ts';
import { fixtures } from '../diagnose/ask.ts';
import { LabCli } from './lab-cli.ts';

/** Reports whose diagnosis has a lab: their files. */
export const reports: Readonly<Record<string, readonly string[]>> = {
  'vectors exhausted, disks without a pin': ['cases/vectors-exhausted.dmesg'],
  'an INTx line that is not shared': ['cases/vfio-intx.dmesg'],
  'a line that nobody cared for': ['cases/boot-interrupts.dmesg'],
  'a VM stopped by an error report': ['recordings/hang-6.12/host.dmesg', 'recordings/hang-6.12/vm0.stderr'],
};

export async function diagnosedLab(
  report: string,
  ...options: string[]
): Promise<{ lab: string; result: RunResult }> {
  const cli = new LabCli();
  onTestFinished(() => cli[Symbol.dispose]());
  const lab = join(cli.cwd, 'lab.yaml');
  const files = reports[report]!.map((file) => join(fixtures, file));
  const diagnosed = await cli.start(['diagnose', ...files, '--lab', lab]).ended;
  // Something is wrong with interrupts: that is its answer.
  expect([diagnosed.exitCode, diagnosed.stderr]).toEqual([
    exitCodes.notAsExpected,
    expect.stringContaining('a lab of '),
  ]);
  const { stdout, exitCode } = await cli.start(['run', lab, '--json', ...options]).ended;
  const result = JSON.parse(stdout) as RunResult;
  const wrong = result.variants
    .filter((variant) => !variant.asExpected)
    .map(({ id, reason, error }) => ({ id, reason, error }));
  expect({ exitCode, wrong }).toEqual({ exitCode: exitCodes.asExpected, wrong: [] });
  expect(cli.leftovers()).toEqual([]);
  return { lab, result };
}
