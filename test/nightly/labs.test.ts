/** Every lab on every kernel, three times over: a verdict that changes from run to run is found here. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/report/result.ts';
import { LabCli, labs } from '../qemu/lab-cli.ts';

const names = readdirSync(labs).filter((name) => name.endsWith('.yaml'));

it.each(names)('%s', async (name) => {
  using cli = new LabCli();
  const args = ['run', join(labs, name), '--kernel', 'all', '--repeat', '3', '--json'];
  const { exitCode, stdout } = await cli.start(args).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  const wrong = variants.filter((variant) => !variant.asExpected);
  expect(wrong.map(({ id, repetition, verdict, reason }) => ({ id, repetition, verdict, reason }))).toEqual(
    [],
  );
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});

it('virtio-blk-probe-failure with a driver that is built without the affinity hint, on every kernel', async () => {
  using cli = new LabCli();
  const lab = join(labs, 'virtio-blk-probe-failure.yaml');
  const args = ['run', lab, '--variant', 'without-affinity-hint', '--kernel', 'all', '--json'];
  const { exitCode, stdout } = await cli.start(args).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  expect(variants.map(({ remedy, asExpected }) => ({ effect: remedy?.effect, asExpected }))).toEqual(
    Array(3).fill({ effect: 'prevented', asExpected: true }),
  );
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});

it('virtio-blk-probe-failure at the size that it was reported from: 80 CPUs, 512 disks', async () => {
  using cli = new LabCli();
  const args = ['run', join(labs, 'virtio-blk-probe-failure.yaml'), '--variant', 'customer', '--json'];
  const { exitCode, stdout } = await cli.start(args).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  expect(
    variants.map(({ id, verdict, reason, asExpected }) => ({ id, verdict, reason, asExpected })),
  ).toEqual([expect.objectContaining({ verdict: 'reproduced', asExpected: true })]);
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});

it('vfio-intx-conflict: the variants that run on demand, on every kernel', async () => {
  using cli = new LabCli();
  const more = ['one-vm', 'remove-holder', 'all-share'].flatMap((name) => ['--variant', name]);
  const args = ['run', join(labs, 'vfio-intx-conflict.yaml'), ...more, '--kernel', 'all', '--json'];
  const { exitCode, stdout } = await cli.start(args).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  const wrong = variants.filter((variant) => !variant.asExpected);
  expect(wrong.map(({ id, verdict, reason }) => ({ id, verdict, reason }))).toEqual([]);
  expect(variants).toHaveLength(6);
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});

it('boot-interrupt-storm: what does not help, and irqpoll where it does, on every kernel', async () => {
  using cli = new LabCli();
  const slow = ['irqpoll-no-driver', 'irqpoll', 'irqpoll-threaded', 'silence-after', 'rebind'];
  const args = ['run', join(labs, 'boot-interrupt-storm.yaml'), '--kernel', 'all', '--json'];
  const { exitCode, stdout } = await cli.start([...args, ...slow.flatMap((id) => ['--variant', id])]).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  const wrong = variants.filter((variant) => !variant.asExpected);
  expect(wrong.map(({ id, verdict, reason }) => ({ id, verdict, reason }))).toEqual([]);
  expect(variants).toHaveLength(2 * slow.length);
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});
