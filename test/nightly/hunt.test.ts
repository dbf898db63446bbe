/**
 * Deterministic machines and hunts on a real kernel: the planted race is found and shrunk to the preemption that it
 * takes; nothing is found where a lock is held.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { rateText } from '../../src/hunt/rate.ts';
import { plainShift, undisturbed } from '../../src/hunt/schedule.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import { boot } from '../../src/run/hunt/boot.ts';
import { makeGround } from '../../src/run/hunt/ground.ts';
import { withHunt } from '../../src/run/hunt/machine.ts';
import { runSchedule } from '../../src/run/hunt/one-run.ts';
import { context, hasty, hunted, locked, machineToHunt, plan, signal, stopsAll } from './planted-race.ts';

let machine: MachineSpec;

beforeAll(async () => {
  machine = await machineToHunt();
});

describe('a deterministic machine', () => {
  it('says the same on every run, from power-on to the end of its work, to the byte', async () => {
    const spec = withHunt(machine, plan());
    const [first, second] = [await boot(spec, signal), await boot(spec, signal)];
    expect(first.outcome).toBe('passed');
    expect(first.console).toContain('counted 2');
    // Kernel messages with their time stamps are among them.
    expect(first.console.filter((line) => /^\[ +\d+\.\d{6}\]/.test(line)).length).toBeGreaterThan(0);
    expect(second.console).toEqual(first.console);
    expect(second.sha256).toBe(first.sha256);
  });
});

describe('a hunt', () => {
  it('finds the planted race and shrinks it to its one preemption, with the same outcome on every replay', async () => {
    const ground = await makeGround(context, withHunt(machine, plan()), plan());
    const result = await hunted(ground, plan());
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.unfinished).toEqual([]);
    expect(result.hits.length).toBeGreaterThan(0);
    const { run, schedule, replay, minimal } = result.hits[0]!.shrunk!;
    expect(minimal).toBe(true);
    expect(schedule.preemptions).toHaveLength(1);
    expect(run.visits[schedule.preemptions[0]!.visit]).toMatchObject({ cpu: 0, point: '__x64_sys_rmdir' });
    expect(run.console).toContain('counted 1');
    expect(replay).toEqual({ same: true });
    // The known-good control: the same machine, nobody held; to the byte.
    for (let i = 0; i < 10; i += 1) {
      const again = await runSchedule(ground, undisturbed, signal);
      expect(again.outcome).toBe('passed');
      expect(again.visits).toEqual(result.undisturbed.visits);
      expect(again.console).toEqual(result.undisturbed.console);
    }
  });

  it('ends a hold that nobody can end at the same instruction every time', async () => {
    const ground = await makeGround(context, withHunt(machine, stopsAll), stopsAll);
    const held = { ...undisturbed, preemptions: [{ visit: 0, hold: 8 }], urgent: 0 };
    const first = await runSchedule(ground, held, signal);
    expect(first.visits).toEqual([{ cpu: 1, point: 'take_cpu_down', held: 8, cut: 'time' }]);
    expect(first.outcome).toBe('passed');
    for (let i = 0; i < 3; i += 1) {
      const again = await runSchedule(ground, held, signal);
      expect(again.visits).toEqual(first.visits);
      expect(again.console).toEqual(first.console);
    }
  });

  it('finds what takes an urgent CPU, or a slow one, and no preemption', async () => {
    const ground = await makeGround(context, withHunt(machine, hasty), hasty);
    // The first seeds with a slow CPU are 31 and 34.
    const result = await hunted(ground, hasty, { first: 23, count: 12, shrinkHits: 12 });
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.runs).toBe(12);
    for (const { run } of result.hits)
      expect(run.schedule.urgent !== undefined || run.schedule.shift !== plainShift).toBe(true);
    const shrunk = result.hits.map((hit) => hit.shrunk!);
    expect(shrunk.every(({ replay }) => replay.same)).toBe(true);
    const schedules = shrunk.map(({ schedule }) => schedule);
    expect(schedules).toContainEqual({ preemptions: [], urgent: 1, shift: plainShift });
    expect(schedules).toContainEqual({ preemptions: [], shift: 3 });
  });

  it('finds nothing where a lock is held', async () => {
    const ground = await makeGround(context, withHunt(machine, locked), locked);
    const result = await hunted(ground, locked);
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.hits).toEqual([]);
    expect(rateText(result.hits.length, result.runs)).toBe('0 of 12: below 22 % at 95 %');
  });
});
