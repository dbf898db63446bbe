/** `vflab hunt` and `vflab run --deterministic` as a user calls them, on a lab that is shipped. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LabCli, labs } from '../qemu/lab-cli.ts';

const lab = join(labs, 'lost-interrupt-race.yaml');

async function vflab(...args: string[]) {
  using cli = new LabCli();
  return await cli.start([...args, '--json']).ended;
}

it('a deterministic run says the same to the byte, twice', async () => {
  const run = async () => {
    const { stdout, exitCode } = await vflab('run', lab, '--deterministic', '--kernel', '6.1');
    expect(exitCode).toBe(0);
    return JSON.parse(stdout);
  };
  const [first, second] = [await run(), await run()];
  expect(first).toMatchObject({ lab: 'lost-interrupt-race', outcome: 'passed', status: 0 });
  expect(second.sha256).toBe(first.sha256);
});

it('6.1: the hunt finds the slot that is overwritten; a hit is the same when it is run again', async () => {
  const { stdout, exitCode } = await vflab('hunt', lab, '--kernel', '6.1', '--runs', '20');
  expect(exitCode).toBe(1);
  const [{ undisturbed, hits, unfinished }] = JSON.parse(stdout);
  expect(undisturbed.outcome).toBe('passed');
  expect(unfinished).toEqual([]);
  expect(hits.length).toBeGreaterThan(0);
  const { run, replay } = hits[0].shrunk;
  expect(replay).toEqual({ same: true });
  expect(run.console.join('\n')).toContain('No irq handler for vector');
  const held = run.visits.flatMap(({ cpu, held }: { cpu: number; held?: number }) => (held ? [cpu] : []));
  expect(held).toContain(0);
});

it('6.12: it finds nothing, as the fix is there', async () => {
  const { stdout, exitCode } = await vflab('hunt', lab, '--kernel', '6.12', '--runs', '20');
  expect(exitCode).toBe(0);
  const [{ hits, runs, unfinished }] = JSON.parse(stdout);
  expect({ hits, runs, unfinished }).toEqual({ hits: [], runs: 20, unfinished: [] });
});

it('Ctrl-C in the middle of its runs: 130, no report, and nothing left', async () => {
  using cli = new LabCli();
  const run = cli.start(['hunt', lab, '--kernel', '6.1', '--runs', '20']);
  await run.says('Undisturbed: ');
  await cli.interruptHunt(run);
});
