/** A race that the explorer found, forced on kernels with and without the fix; and the controls. */
import { expect, it } from 'vitest';
import { raceScript } from '../../src/run/race-script.ts';
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
