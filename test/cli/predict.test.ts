import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { root, vflab } from './cli.ts';

const report = [
  '--kernel',
  '4.18.0-305.el8.x86_64',
  '--cpus',
  '80',
  '--nodes',
  '2',
  '--disks',
  '512',
  '--queues',
  '2',
];

describe('predict', () => {
  test('the first disk that fails comes first, with the words of its kernel', () => {
    const { exitCode, stdout, stderr } = vflab(['predict', ...report, '--pinless']);
    expect([exitCode, stderr]).toEqual([exitCodes.asExpected, '']);
    expect(stdout.split('\n').slice(2, 5)).toEqual([
      'First to fail: virtio333, disk 334 of 512, with error -16',
      '  kernel: genirq: Flags mismatch irq 0. 00000080 (virtio333) vs. 00015a00 (timer)',
      '  kernel: virtio_blk: probe of virtio333 failed with error -16',
    ]);
    // The documentation shows this very output.
    expect(readFileSync(join(root, 'docs/predict.md'), 'utf8')).toContain(stdout.trimEnd());
  });

  test('one disk is one', () => {
    const { stdout } = vflab(['predict', '--kernel', '6.12', '--cpus', '1', '--disks', '1']);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'Linux 6.12, 1 CPU, 1 virtio-blk disk with 1 queue',
      '',
      'The disk gets interrupts.',
    ]);
    expect(stdout).toContain('  0      virtio0  EACH');
  });

  test('JSON', () => {
    const { stdout } = vflab(['predict', ...report, '--pinless', '--json']);
    const [{ kernel, ways, remedies }] = JSON.parse(stdout);
    expect(kernel).toBe('4.18.0-305.el8.x86_64');
    expect(ways).toHaveLength(1);
    expect(ways[0]).toMatchObject({
      firstFailing: 333,
      firstDegraded: 195,
      working: 333,
      best: 195,
      ranges: [
        { first: 0, last: 194, rung: 'each', slots: [81, 81] },
        { first: 195, last: 332, rung: 'shared', slots: [2, 2] },
        { first: 333, last: 511, rung: 'failed', errno: -16, slots: [0, 0] },
      ],
    });
    expect(ways[0].disks).toHaveLength(512);
    expect(remedies.map(({ id, working }: { id: string; working: number }) => [id, working])).toEqual([
      ['fewer-queues', 333],
      ['no-affinity-hint', 512],
      ['one-cpu-full', 512],
      ['interrupt-pins', 333],
      ['unplug', 333],
    ]);
  });

  test('what a release does not tell is said both ways, if it matters', () => {
    const { stdout } = vflab([
      'predict',
      '--kernel',
      '4.18.0',
      '--cpus',
      '4',
      '--nodes',
      '2',
      '--disks',
      '200',
    ]);
    expect(stdout).toContain('The release does not tell everything. With affinitySpreadAllNodes');
    expect(stdout.match(/First to fail|All 200 disks/g)!.length).toBeGreaterThan(1);
  });

  test('a lab: each variant that was chosen, as its plan has it', () => {
    const { stdout } = vflab(
      ['predict', 'virtio-blk-probe-failure', '--kernel', '6.1', '--variant', 'cold'],
      { cwd: root },
    );
    expect(stdout).toContain('cold: Linux 6.1, 4 CPUs');
    expect(stdout).toContain('First to fail: virtio');
  });

  test('logs: what was read is said with its line, and options win', () => {
    const log = [
      'Nov 21 host kernel: Linux version 5.15.0-91-generic (x) #101-Ubuntu SMP',
      'Nov 21 host kernel: smpboot: Allowing 8 CPUs, 4 hotplug CPUs',
      'Nov 21 host kernel: smp: Brought up 1 node, 4 CPUs',
      'Nov 21 host kernel: virtio_blk virtio200: 2/0/0 default/read/poll queues',
      'Nov 21 host kernel: virtio_blk: probe of virtio180 failed with error -16',
    ].join('\n');
    const files = { 'a.log': log };
    const { stdout } = vflab(['predict', '--from', 'a.log'], { files });
    expect(stdout).toContain(
      'Linux 5.15.0-91-generic, 4 CPUs of 8 possible, 200 virtio-blk disks with 2 queues each',
    );
    expect(stdout).toContain('  read: possible CPUs: 8 (a.log:2)\n');
    expect(stdout).toContain('the logs: virtio180 failed with error -16 first (a.log:5)');
    const more = vflab(['predict', '--from', 'a.log', '--cpus', '2', '--disks', '10'], { files });
    expect(more.stdout).toContain('2 CPUs of 8 possible, 10 virtio-blk disks');
  });

  test.each([
    [['--cpus', '4', '--disks', '9'], 'PREDICT_INCOMPLETE', '--kernel RELEASE'],
    [['--kernel', '6.12', '--disks', '9'], 'PREDICT_INCOMPLETE', '--cpus N'],
    [['--kernel', 'mine', '--cpus', '4', '--disks', '9'], 'UNKNOWN_KERNEL', '--kernel'],
    [['--kernel', '6.12', '--cpus', '0', '--disks', '9'], 'BAD_COMMAND_LINE', 'help'],
    [['--kernel', '6.12', '--cpus', '2', '--nodes', '3', '--disks', '9'], 'BAD_COMMAND_LINE', 'help'],
    [['--kernel', '4.14.1', '--cpus', '4', '--disks', '9'], 'UNKNOWN_KERNEL', 'came with 4.15'],
    [
      ['--kernel', '6.12', '--cpus', '4', '--possible', '2', '--disks', '9'],
      'BAD_COMMAND_LINE',
      '--possible',
    ],
    [['--kernel', '6.12', '--cpus', '4', '--disks', '99999'], 'BAD_COMMAND_LINE', 'PCI segment'],
    [['--kernel', '6.12', '--cpus', '4', '--disks', '9', '--variant', 'x'], 'BAD_COMMAND_LINE', '--variant'],
    [['virtio-blk-probe-failure', '--cpus', '8', '--pinless'], 'BAD_COMMAND_LINE', '--cpus, --pinless'],
    [['--from', 'missing.log'], 'NO_SUCH_LOG', 'paths of files'],
    [['vf-aer-hang'], 'NO_DISKS', 'disks:'],
    [['--kernel', '4.18.0', '--cpus', '2', '--disks', '9', '--prove'], 'NOT_PROVABLE', 'without --prove'],
    [['--kernel', '6.12', '--cpus', '2', '--possible', '4', '--disks', '9', '--prove'], 'NOT_PROVABLE', ''],
  ])('%j: %s', (args, code, next) => {
    const said = vflab(['predict', ...args]);
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stderr).toContain(`error ${code}: `);
    expect(said.stderr).toContain(next);
  });
});
