/** The programs that run inside a machine, run here over folders that look like /proc/irq; and what is made of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSwitchTrace } from '../../src/evidence/ftrace/vfio-switches.ts';
import { churnScript } from '../../src/faults/affinity-churn/inject.ts';
import { proveChurn } from '../../src/faults/affinity-churn/prove.ts';
import type { Running } from '../../src/faults/common/affinity.ts';
import type { FaultContext } from '../../src/faults/fault.ts';
import { balanceScript } from '../../src/faults/irqbalance/inject.ts';
import { proveIrqbalance } from '../../src/faults/irqbalance/prove.ts';

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vflab-irq-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function irq(number: number, affinity: string): void {
  mkdirSync(join(folder, `${number}`));
  for (const name of ['smp_affinity', 'effective_affinity'])
    writeFileSync(join(folder, `${number}`, name), `${affinity}\n`);
}

/** Runs a program until it has printed `lines` lines, tells it to stop, and gives all of them. */
async function run(script: string, lines: number, path = process.env.PATH): Promise<string[]> {
  const stop = join(folder, 'stop');
  const text = `stop=${stop}\n${script.replaceAll('/proc/irq', folder)}`;
  child = spawn('sh', ['-c', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  let output = '';
  child.stdout!.on('data', (bytes: Buffer) => {
    output += bytes;
    if (output.split('\n').length > lines) writeFileSync(stop, '');
  });
  await once(child, 'close');
  return output.trimEnd().split('\n');
}

test('the churn writes each interrupt to CPUs drawn from its seed, and counts', async () => {
  irq(24, '1');
  irq(25, '1');
  const lines = await run(churnScript([24, 25, 26], 4, 7), 3);
  expect(lines[0]).toBe('writes=0 refused=0 moves=0');
  // 26 is not there: its writes are refused. `effective_affinity` is a file of its own here, so nothing moves but
  // what is seen first.
  expect(lines[1]).toBe('writes=20 refused=10 moves=2');
  expect(['1', '2', '4', '8']).toContain(readFileSync(join(folder, '24/smp_affinity'), 'utf8').trim());
});

test('CPUs beyond the first word of a mask', () => {
  expect(churnScript([24], 34, 1)).toContain('m31=80000000 m32=1,00000000 m33=2,00000000');
});

test('irqbalance is watched, and ended with the program', async () => {
  irq(30, '1');
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  // A program of that name which moves one interrupt; what the real one does is seen in a machine.
  const fake = `#!/bin/sh\nsleep 0.5\necho 2 > ${folder}/30/smp_affinity\nwhile :; do sleep 0.1; done\n`;
  writeFileSync(join(bin, 'irqbalance'), fake, { mode: 0o755 });
  const script = balanceScript(1).replaceAll('/run/irqbalance.log', join(folder, 'log'));
  const lines = await run(script, 8, `${bin}:${process.env.PATH}`);
  expect(lines).toContain('irq 30: 1 -> 2');
  expect(lines.at(-1)).toMatch(/^alive=1 pid=\d+ moves=1$/);
});

const running = (...texts: string[]): Running => ({
  ...{ on: 'vm0', t0: 10, stopFile: '', ended: Promise.resolve() },
  lines: texts.map((text, i) => ({ t: 11 + i, text })),
});
const none = new AbortController().signal;
const ctx = {} as FaultContext;

test('a churn that moved nothing is not proved, nor one that VFIO never felt', async () => {
  const fault = { kind: 'affinity-churn', on: 'vm0', function: 'nic0.vf0' } as const;
  const prove = async (line: string, traced: boolean, trace = '') =>
    (await proveChurn(fault, { before: new Map(), running: running(line), traced, trace }, ctx, none)).proved;
  expect(await prove('writes=9 refused=0 moves=0', false)).toBe(false);
  expect(await prove('writes=9 refused=0 moves=5', false)).toBe(true);
  expect(await prove('writes=9 refused=0 moves=5', true)).toBe(false);
  expect(await prove('writes=9 refused=0 moves=5', true, traceText)).toBe(true);
});

test('irqbalance is proved by its moves, and not when it ended by itself', async () => {
  const fault = { kind: 'irqbalance', on: 'vm0', interval: 1 } as const;
  const prove = async (...lines: string[]) =>
    await proveIrqbalance(fault, { before: new Map(), running: running(...lines) }, ctx, none);
  expect((await prove('pid=5 moves=0', 'alive=1 pid=5 moves=3')).proved).toBe(true);
  expect((await prove('alive=1 pid=5 moves=0')).proved).toBe(false);
  const ended = await prove(
    'alive=0 pid=5 moves=3',
    'irqbalance: Balancing is ineffective on systems with a single cpu.',
  );
  expect(ended.proved).toBe(false);
  expect(ended.because).toContain('irqbalance: Balancing is ineffective on systems with a single cpu.');
});

const traceText = `# tracer: nop
#
 qemu-system-x86-412     [001] .....    61.000100: switch: (vfio_msi_set_vector_signal+0x4/0x2b0 [vfio_pci_core]) vector=0 fd=41
 qemu-system-x86-413     [000] .....    61.000150: switch: (vfio_msi_set_vector_signal+0x4/0x2b0 [vfio_pci_core]) vector=1 fd=43
 qemu-system-x86-412     [001] .....    61.000200: request: (request_threaded_irq+0x4/0x1a0) irq=36 name="vfio-msix[0](0000:01:10.0)"
 qemu-system-x86-412     [001] ...1.    61.000300: switched: (vfio_msi_set_block+0x7d/0xd0 [vfio_pci_core] <- vfio_msi_set_vector_signal) ret=0
 qemu-system-x86-413     [000] ...1.    61.000950: switched: (vfio_msi_set_block+0x7d/0xd0 [vfio_pci_core] <- vfio_msi_set_vector_signal) ret=-16
CPU:1 [LOST 3 EVENTS]
`;

test('switches of a trigger are paired by the task that makes them', () => {
  const { switches, requests } = readSwitchTrace(traceText);
  expect(switches.map(({ vector, fd, took, result }) => [vector, fd, took?.toFixed(6), result])).toEqual([
    [0, 41, '0.000200', 0],
    [1, 43, '0.000800', -16],
  ]);
  expect(requests).toEqual([{ at: 61.0002, irq: 36, name: 'vfio-msix[0](0000:01:10.0)' }]);
});
