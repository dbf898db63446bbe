/** Bad days: QEMU is missing, refuses its arguments, dies; the record cannot be written; the user gives up. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startMachine } from '../../src/machine/machine.ts';
import { recordToMemory } from '../../src/machine/record.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import { bareSpec } from '../machine/specs.ts';
import { writeRom } from './rom.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vflab-death-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function talkativeSpec(): Promise<MachineSpec> {
  const firmware = join(await temporaryFolder(), 'rom');
  await writeRom(firmware, 'last words\r\n');
  return bareSpec({ cpus: 1, firmware });
}

/** A program that says it is a QEMU, does something else, and stays. */
function fakeQemu(does: string, version = '10.0.2'): string {
  return `#!/bin/sh\n[ "$1" = --version ] && echo "QEMU emulator version ${version}" && exit\n${does}\nexec sleep 1000\n`;
}

/** Whether a process exists, zombies left out. */
async function lives(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return status !== '' && !/\) Z /.test(status);
}

// What is waited for here ends at once, or never.
vi.setConfig({ testTimeout: 60_000 });

describe('QEMU is killed while commands and lines are waited for', () => {
  it('all of them end at once, with exit status and last words', async () => {
    await using machine = await startMachine(await talkativeSpec(), {
      accel: 'tcg',
      record: recordToMemory(),
    });
    await machine.serial.waitForLine(/last words/);
    // Stopped, it cannot answer before it dies.
    process.kill(machine.pid, 'SIGSTOP');
    const waiting = [
      machine.qmp.execute('query-status'),
      machine.qmp.waitForEvent('STOP'),
      machine.serial.waitForLine(/never/),
      machine.stderr.waitForLine(/never/),
    ];
    const killed = performance.now();
    process.kill(machine.pid, 'SIGKILL');
    const reasons = await Promise.all(waiting.map((promise) => promise.catch((error: unknown) => error)));
    const tookMs = performance.now() - killed;
    for (const reason of reasons) {
      expect(reason).toMatchObject({
        name: 'LabBrokeError',
        code: 'QEMU_DIED',
        message: 'QEMU of machine host ended on its own: killed by SIGKILL',
        lastLines: ['console: last words'],
      });
    }
    // Not a matter of speed: a deadline would have taken tens of seconds.
    expect(tookMs).toBeLessThan(5_000);
    expect(await machine.exited).toMatchObject({ exitCode: null, signal: 'SIGKILL', wanted: false });
    // What comes too late gets the same answer, and stopping a dead machine is no error.
    await expect(machine.qmp.execute('cont')).rejects.toThrow(expect.objectContaining({ code: 'QEMU_DIED' }));
    expect(await machine.stop()).toMatchObject({ wanted: false });
  });
});

describe('QEMU that does not start', () => {
  const start = async (spec: MachineSpec, qemu?: string, signal?: AbortSignal) => {
    const options = { accel: 'tcg' as const, record: recordToMemory() };
    await using machine = await startMachine(spec, {
      ...options,
      ...(qemu ? { qemu } : {}),
      ...(signal ? { signal } : {}),
    });
    return machine.pid;
  };

  it('a missing kernel: its own words', async () => {
    const start1 = start(bareSpec({ kernel: '/nonexistent/vmlinuz' }));
    await expect(start1).rejects.toThrow(
      expect.objectContaining({
        code: 'QEMU_DIED',
        message: expect.stringContaining("could not open kernel file '/nonexistent/vmlinuz'"),
        lastLines: [expect.stringMatching(/^qemu: .*vmlinuz/)],
      }),
    );
  });

  it('a missing QEMU', async () => {
    await expect(start(bareSpec(), 'qemu-system-nowhere')).rejects.toThrow(
      expect.objectContaining({
        code: 'QEMU_MISSING',
        message: expect.stringContaining('qemu-system-nowhere'),
      }),
    );
  });

  it('a QEMU that is too old', async () => {
    const script = join(await temporaryFolder(), 'qemu');
    await writeFile(script, fakeQemu('', '7.2.17'), { mode: 0o755 });
    await expect(start(bareSpec(), script)).rejects.toThrow(
      expect.objectContaining({ code: 'QEMU_TOO_OLD' }),
    );
  });

  it('something that is no QEMU', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'qemu');
    await writeFile(script, fakeQemu('echo hello >&4'), { mode: 0o755 });
    await expect(start(bareSpec(), script)).rejects.toThrow(
      expect.objectContaining({
        code: 'QMP_BROKEN',
        message: 'machine host runs, but its QMP connection does not work: not JSON: hello',
      }),
    );
  });

  it('the user gives up: nothing stays', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'qemu');
    await writeFile(script, fakeQemu(`echo $$ > ${folder}/pid`), { mode: 0o755 });
    const controller = new AbortController();
    const starting = start(bareSpec(), script, controller.signal);
    starting.catch(() => {});
    const pid = await untilRead(join(folder, 'pid'));
    expect(await lives(pid)).toBe(true);
    controller.abort(new Error('Ctrl-C'));
    await expect(starting).rejects.toThrow('Ctrl-C');
    expect(await lives(pid)).toBe(false);
  });
});

it('a record that cannot be written ends the machine, with that as the reason', async () => {
  const record = { ...recordToMemory(), serial: () => fail('ENOSPC: no space left on device') };
  // Paused: else it may speak, and end, before its start has settled.
  await using machine = await startMachine(await talkativeSpec(), { accel: 'tcg', record, paused: true });
  const recordFailed = expect.objectContaining({
    code: 'RECORD_FAILED',
    message: expect.stringContaining('ENOSPC'),
  });
  const waits = expect(machine.serial.waitForLine(/never/)).rejects.toThrow(recordFailed);
  // Its answer may get lost with QEMU.
  await machine.qmp.execute('cont').catch((error) => expect(error).toEqual(recordFailed));
  await waits;
  expect((await machine.exited).signal).toBe('SIGKILL');
});

it('no disk is left over from a start that failed', async () => {
  const scratchDir = await temporaryFolder();
  const spec = bareSpec({
    kernel: '/nonexistent',
    pci: [{ slot: 3, kind: 'virtio-blk', id: 'd', sizeMiB: 1, queues: 1 }],
  });
  const descriptors = async () => (await readdir('/proc/self/fd')).length;
  const before = await descriptors();
  await expect(startMachine(spec, { accel: 'tcg', record: recordToMemory(), scratchDir })).rejects.toThrow();
  expect(await readdir(scratchDir)).toEqual([]);
  await expect.poll(descriptors).toBe(before);
});

function fail(message: string): never {
  throw new Error(message);
}

async function untilRead(path: string): Promise<number> {
  const read = async () => Number(await readFile(path, 'utf8').catch(() => ''));
  await expect.poll(read, { timeout: 10_000, interval: 20 }).toBeGreaterThan(0);
  return await read();
}
