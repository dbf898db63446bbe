/** The cycle's script over folders that look like sysfs and /proc/irq, and what counts as a proof of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokenFirst } from '../../src/faults/cpu-hotplug/heal.ts';
import { cycleScript } from '../../src/faults/cpu-hotplug/inject.ts';
import { cpuCycleProof } from '../../src/faults/cpu-hotplug/prove.ts';
import { problemsIn } from '../lab/load.ts';

describe('the script', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vflab-cpu-'));
    for (const cpu of [0, 1, 2]) {
      mkdirSync(join(folder, `cpu${cpu}`));
      if (cpu > 0) writeFileSync(join(folder, `cpu${cpu}/online`), '1\n');
    }
    mkdirSync(join(folder, 'irq/24'), { recursive: true });
    writeFileSync(join(folder, 'irq/24/effective_affinity_list'), '1\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('takes CPUs away in one order, brings them back in another, and says where the interrupts were', () => {
    const script = cycleScript([2, 1], [1, 2], '0', 3)
      .replaceAll('/sys/devices/system/cpu', folder)
      .replaceAll('/proc/irq', join(folder, 'irq'));
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      'before 24 1',
      ...['gone 2 0', 'gone 1 0'],
      'off 24 1',
      ...['back 1 1', 'back 2 1'],
      'after 24 1',
    ]);
    expect(readFileSync(join(folder, 'cpu2/online'), 'utf8')).toBe('1\n');
  });
});

const said = `[  31.0] smpboot: CPU 1 is now offline
[  31.5] smpboot: Booting Node 0 Processor 1 APIC 0x1`;
const output = `before 24 1
before 25 0
before 26 1
gone 1 0
off 24 0
off 25 0
off 26 1
back 1 1
after 24 0`;

describe('a cycle is proved', () => {
  test('by sysfs and the kernel’s own words; a managed interrupt that stayed has not moved', () => {
    expect(cpuCycleProof({ cpus: [1], output }, said)).toEqual({
      proved: true,
      because: ['CPU 1 went offline', '1 interrupts moved to other CPUs'],
      measured: { cpus: 1, interruptsMoved: 1 },
    });
  });

  test.each([
    ['a CPU that stayed', [1], output.replace('gone 1 0', 'gone 1 1'), said],
    ['a CPU that did not come back', [1], output.replace('back 1 1', 'back 1 0'), said],
    ['a kernel that says nothing', [1], output, ''],
    ['a kernel that speaks of another CPU', [1], output, said.replaceAll(/(CPU|Processor) 1/g, '$1 11')],
    ['a kernel that says half of it', [1], output, said.split('\n')[0]!],
    ['a second CPU of which nothing is known', [1, 2], output, said],
    ['no CPU at all', [], '', said],
  ])('not with %s', (_, cpus, out, log) =>
    expect(cpuCycleProof({ cpus, output: out }, log).proved).toBe(false),
  );

  test('a kernel that refuses is quoted', () => {
    const refusal = 'CPU 1 has 40 vectors, 12 available. Cannot disable CPU';
    const proof = cpuCycleProof({ cpus: [1], output: output.replace('gone 1 0', 'gone 1 1') }, refusal);
    expect(proof.because).toContain(refusal);
  });
});

test('of two cycles the affinity before the first counts', () => {
  const cycle = (mask: string, broken: number[]) => ({ before: new Map([[24, mask]]), broken });
  expect([...brokenFirst([cycle('2', []), cycle('2', [24]), cycle('3', [24])])]).toEqual([[24, '2']]);
});

const lab = `title: t
failure: invariant-broken
host: { devices: { nic0: { kind: igb, vfs: [{}] } } }
guests: { vm0: { cpus: 2, passthrough: [nic0.vf0] } }
faults: { off: { kind: cpu-hotplug, on: vm0 } }
variants: { all: { faults: [off], expect: { verdict: clean } } }
`;
test.each([
  ['', '', 'valid'],
  ['cpus: 2, ', '', 'vm0 has one CPU, and CPU 0 always stays: give it `cpus: 2`'],
  ['on: vm0', 'on: vm1', 'unknown machine "vm1" (did you mean "vm0"?)'],
])('%j → %j: %s', (from, to, message) => {
  expect(problemsIn(lab.replace(from, to))).toContain(message);
});
