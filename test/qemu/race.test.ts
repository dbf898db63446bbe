/** A race that the explorer found, forced on kernels with and without the fix; and the controls. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/report/result.ts';
import { raceScript } from '../../src/run/race-script.ts';
import { LabCli, labs } from './lab-cli.ts';
import { labFile, onRaceHost } from './race-host.ts';

const found = (cure: string, problem: string) =>
  raceScript(
    { function: 'nic0', model: 'vector-setup', order: { from: 'explorer', cure, problem } },
    labFile,
  );

it('6.1: the slot is overwritten, or one interrupt is thrown away; and nothing is lost where nobody is held', async () => {
  await onRaceHost({ kernel: '6.1' }, async (round, ctx) => {
    expect(await round(undefined)).toMatchObject({ lost: 0, handledAfter: 3, messages: 0 });
    expect(await round(await found('none', 'overwrite-vfio'))).toEqual({
      ...{ forced: true, lost: 1, handledAfter: 0, messages: 3 },
    });
    expect(await round(await found('locking', 'loss-vfio'))).toEqual({
      ...{ forced: true, lost: 1, handledAfter: 3, messages: 0 },
    });

    // A way that the kernel does not take: an account of it, and the machine goes on.
    const wrong = (await found('none', 'overwrite-vfio'))!;
    wrong.schedule.steps.splice(4, 0, {
      run: 'CPU0',
      to: [{ function: 'x86_vector_select' }],
      withinMs: 200,
    });
    const astray = await round(wrong);
    expect(astray).toMatchObject({ forced: false, handledAfter: 3 });
    expect(astray.astray?.text).toBe('never came to x86_vector_select()');
    expect(astray.astray?.stands.map(({ cpu }) => cpu)).toEqual(['CPU0', 'CPU1']);

    // A place that no kernel has is refused before anything is held.
    wrong.schedule.steps[4]!.to = [{ function: 'no_such_function' }];
    await expect(round(wrong)).rejects.toMatchObject({ code: 'NO_SUCH_PLACE' });
    expect((await ctx.host!.machine.qmp.execute('query-status')).running).toBe(true);
  });
});

it('6.12, at a random address: the same order overwrites nothing; one interrupt is still thrown away', async () => {
  await onRaceHost({ kernel: '6.12', randomAddress: true }, async (round) => {
    expect(await round(await found('none', 'overwrite-vfio'))).toEqual({
      ...{ forced: true, lost: 0, handledAfter: 3, messages: 0 },
    });
    expect(await round(await found('locking', 'loss-vfio'))).toEqual({
      ...{ forced: true, lost: 1, handledAfter: 3, messages: 0 },
    });
  });
});

it('unplug: on 6.1 the late interrupt of one device silences another for ever, on 6.12 it is called once for nothing', async () => {
  using cli = new LabCli();
  const args = ['run', join(labs, 'unplug-silences-neighbour.yaml'), '--variant', 'wipe', '--json'];
  const { exitCode, stdout, stderr } = await cli.start(args).ended;
  const { variants, races } = JSON.parse(stdout) as RunResult;
  const told = variants.map(({ id, verdict, race }) => ({ id, verdict, cure: race?.cure, seen: race?.seen }));
  // The ledger knows of no handler that the race left without its interrupt, but the one on 6.1.
  expect(
    variants.map(({ findings }) => findings.filter(({ id }) => id === 'interrupt-unhandled').length),
  ).toEqual([1, 0]);
  expect(told, stderr).toEqual([
    { id: '6.1+wipe', verdict: 'reproduced', cure: '6.1', seen: { wipe: true, foreign: false } },
    { id: '6.12+wipe', verdict: 'clean', cure: '6.12', seen: { wipe: false, foreign: true } },
  ]);
  // The model says so too.
  for (const { cure, seen } of told)
    for (const problem of Object.keys(seen!).filter((id) => seen![id]))
      expect(races?.[0]?.cells).toContainEqual(
        expect.objectContaining({ cure, problem, steps: expect.any(Array) }),
      );
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});
