/** Real QEMU machines without a kernel: what is asked for is what QEMU has, and nothing is left behind. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RunningMachine, startMachine } from '../../src/machine/machine.ts';
import { ioapicIsDeaf } from '../../src/machine/quirk-checks.ts';
import { recordToMemory } from '../../src/machine/record.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import { ledgerTraceEvents } from '../../src/machine/trace-events.ts';
import { bareSpec, fullTree, passthroughHost } from '../machine/specs.ts';
import { writeRom } from './rom.ts';

let folder: string;
let rom: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vflab-qemu-test-'));
  rom = join(folder, 'hello.rom');
  await writeRom(rom, 'noise\r\nvflab-answer 42\r\nunfinished');
  return () => rm(folder, { recursive: true });
});

async function start(spec: MachineSpec, more: { paused?: boolean; scratchDir?: string } = {}) {
  const record = recordToMemory();
  const machine = await startMachine(spec, { accel: 'tcg', record, ...more });
  onTestFinished(async () => {
    await machine.stop();
  });
  return { machine, record };
}

const firmwareOnly = (change: Partial<MachineSpec> = {}) => bareSpec({ firmware: rom, cpus: 1, ...change });

describe('life of a machine', () => {
  it('runs, speaks, is asked, and quits', async () => {
    const { machine, record } = await start(firmwareOnly());
    expect((await machine.serial.waitForLine(/^vflab-answer (\d+)$/)).index).toBe(1);
    expect(await machine.qmp.execute('query-status')).toMatchObject({ running: true, status: 'running' });
    expect(await machine.qmp.execute('query-name')).toEqual({ name: 'host' });
    const stopped = await machine.stop();
    expect(stopped).toMatchObject({
      exitCode: 0,
      signal: null,
      wanted: true,
      lastSerial: expect.arrayContaining(['unfinished']),
    });
    expect(record.text('serial')).toMatch(
      /^\d+\.\d{6} noise\r\n\d+\.\d{6} vflab-answer 42\r\n\d+\.\d{6} unfinished$/,
    );
    expect(record.text('qmp').split('\n')[0]).toContain('"dir":"in","msg":{"QMP"');
    expect(record.text('qmp')).toContain('"event":"SHUTDOWN"');
  });

  it('writes its trace into an open file, and knows every event that a ledger rests on', async () => {
    const path = join(folder, 'host.qemu-trace');
    const fd = openSync(path, 'a');
    onTestFinished(() => closeSync(fd));
    const record = { ...recordToMemory(), traceFd: () => fd };
    const spec = firmwareOnly({ trace: [...ledgerTraceEvents] });
    await using machine = await startMachine(spec, { accel: 'tcg', record });
    await machine.serial.waitForLine(/^vflab-answer/);
    await machine.stop();
    // QEMU warns of an event that it does not have, and goes on.
    expect(machine.stderr.lastLines()).toEqual([]);
    expect(readFileSync(path, 'latin1')).toMatch(
      /^\d+@\d{10}\.\d{6}:memory_region_ops_write cpu 0 .* name 'serial'$/m,
    );
  });

  it('starts paused if asked: nothing runs before `cont`', async () => {
    const { machine, record } = await start(firmwareOnly(), { paused: true });
    expect(await machine.qmp.execute('query-status')).toMatchObject({ running: false, status: 'prelaunch' });
    expect(record.text('serial')).toBe('');
    await machine.qmp.execute('cont');
    await machine.serial.waitForLine(/vflab-answer/);
  });

  it('stops twice, and by `await using`', async () => {
    let seen: RunningMachine;
    {
      await using machine = (await start(firmwareOnly())).machine;
      seen = machine;
      const [first, second] = await Promise.all([machine.stop(), machine.stop()]);
      expect(second).toBe(first);
    }
    expect((await seen.exited).wanted).toBe(true);
    await expect(seen.qmp.execute('query-status')).rejects.toThrow(
      expect.objectContaining({ code: 'MACHINE_STOPPED' }),
    );
  });

  it('a QEMU that does not answer is ended by force', async () => {
    const { machine } = await start(firmwareOnly());
    process.kill(machine.pid, 'SIGSTOP');
    expect(await machine.stop()).toMatchObject({ exitCode: null, signal: 'SIGKILL', wanted: true });
  });

  it('a machine that powers itself off ends its QEMU', async () => {
    const poweroff = join(folder, 'poweroff.rom');
    await writeRom(poweroff, 'bye\r\n', 'poweroff');
    const { machine } = await start(firmwareOnly({ firmware: poweroff }));
    expect(await machine.exited).toMatchObject({ exitCode: 0, wanted: false, lastSerial: ['bye'] });
    expect(machine.qmp.events.map(({ event, data }) => [event, data.reason])).toContainEqual([
      'SHUTDOWN',
      'guest-shutdown',
    ]);
  });

  it('forwards a port of its own for SSH', async () => {
    const [first, second] = await Promise.all([start(firmwareOnly()), start(firmwareOnly())]);
    expect(first.machine.sshPort).toBeGreaterThan(1023);
    expect(second.machine.sshPort).not.toBe(first.machine.sshPort);
    const socket = connect(first.machine.sshPort, '127.0.0.1');
    await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
    socket.destroy();
  });

  it('leaves nothing in its scratch folder, not even while it runs', async () => {
    const scratchDir = await mkdtemp(join(folder, 'scratch-'));
    const { machine } = await start(fullTree(), { scratchDir });
    expect(await machine.qmp.humanMonitor('info block')).toContain('nv0.disk: /dev/fdset/5 (raw)');
    expect(await readdir(scratchDir)).toEqual([]);
  });
});

describe('QEMU builds the tree that the spec describes', () => {
  /** What QEMU has, from `info qtree`: each device with an address, its bus (by indentation) and its address. */
  async function tree(machine: RunningMachine): Promise<string[]> {
    const buses: { indent: number; name: string }[] = [];
    const found: string[] = [];
    let device = '';
    for (const line of (await machine.qmp.humanMonitor('info qtree')).split('\n')) {
      const indent = line.search(/\S/);
      const [, kind, name, id] = /^\s*(bus|dev): ([^\s,]+)(?:, id "([^"]*)")?/.exec(line) ?? [];
      while (kind && buses.length > 0 && buses.at(-1)!.indent >= indent) buses.pop();
      if (kind === 'bus') buses.push({ indent, name: name! });
      if (kind === 'dev') device = id ? `${id}: ${name} on ${buses.at(-1)?.name}` : '';
      const address = /^\s*addr = (\S+)/.exec(line)?.[1];
      if (address && device) found.push(`${device} at ${address}`);
    }
    return found.toSorted();
  }

  it('switch, bridge, nvme with VFs, two functions in a slot', async () => {
    const { machine } = await start(fullTree(), { paused: true });
    expect(await tree(machine)).toMatchInlineSnapshot(`
      [
        "br0: pci-bridge on pcie.0 at 04.0",
        "control: virtio-net-pci on pcie.0 at 1e.0",
        "leg0: xio3130-downstream on sw at 00.0",
        "leg1: xio3130-downstream on sw at 01.0",
        "nic1: virtio-net-pci on pcie.0 at 05.0",
        "nv0: nvme on leg0 at 00.0",
        "nv1: nvme on pcie.0 at 06.0",
        "rp1: pcie-root-port on pcie.0 at 03.0",
        "sw: x3130-upstream on rp1 at 00.0",
        "vd0: virtio-blk-pci on br0 at 01.0",
        "vd1: virtio-blk-pci on br0 at 1f.0",
        "vd2: virtio-blk-pci on pcie.0 at 05.1",
      ]
    `);
  });

  it('passthrough host with the workarounds in place', async () => {
    const spec = { ...passthroughHost(), kernel: '', initrd: '', memoryMiB: 256 };
    const { machine } = await start(spec, { paused: true });
    const property = (path: string, name: string) => machine.qmp.execute('qom-get', { path, property: name });
    expect(await property('/machine/q35', 'pci-hole64-size')).toBe(0);
    expect(await property('/machine/peripheral/rp1', 'x-speed')).toBe('5');
    expect(machine.quirksAvoided).toContain('vf-bar-address');
  });

  it.each<MachineSpec['iommu'] & object>([
    { kind: 'intel', interruptRemapping: true, cachingMode: true },
    { kind: 'intel', interruptRemapping: false },
    { kind: 'amd', interruptRemapping: true },
    { kind: 'virtio', interruptRemapping: false },
  ])('IOMMU %j', async (iommu) => {
    const { machine } = await start(bareSpec({ iommu, quirks: ['amd-iommu-deaf-ioapic'] }), { paused: true });
    const name = { intel: 'intel-iommu', amd: 'amd-iommu', virtio: 'virtio-iommu-pci' }[iommu.kind];
    expect(await machine.qmp.humanMonitor('info qtree')).toContain(`dev: ${name}, id`);
  });

  it("amd-iommu takes slot 1, as the spec's check believes", async () => {
    const iommu = { kind: 'amd', interruptRemapping: true } as const;
    const spec = bareSpec({ iommu, quirks: ['amd-iommu-deaf-ioapic'] });
    const { machine } = await start(spec, { paused: true });
    expect(await machine.qmp.humanMonitor('info pci')).toMatch(
      /device +1, function 0:\n +Class 2054: PCI device 1022:/,
    );
  });

  it('an amd-iommu that loses interrupts is refused, one that does not is taken', async () => {
    const iommu = { kind: 'amd', interruptRemapping: true } as const;
    const { machine } = await start(bareSpec({ iommu, quirks: ['amd-iommu-deaf-ioapic'] }), { paused: true });
    const deaf = ioapicIsDeaf(await machine.qmp.humanMonitor('info mtree'));
    const { micro, minor, major } = machine.qmp.version.qemu;
    // Known either way for these; the versions between got the fix by their distribution or not.
    if (major === 10 && minor === 0 && micro === 2) expect(deaf).toBe(true);
    if (major > 10 || (major === 10 && minor > 0)) expect(deaf).toBe(false);
    const outcome = await start(bareSpec({ iommu }), { paused: true }).then(
      () => 'taken',
      (error) => error.code,
    );
    expect(outcome).toBe(deaf ? 'QEMU_QUIRK' : 'taken');
  });

  it('64 disks on two bridges, slots filled with functions', async () => {
    // 260 take QEMU 10.0 many seconds to put together: it renders all address spaces anew for each.
    const bridges = [0, 1].map((number) => ({
      slot: 3 + number,
      kind: 'pci-bridge' as const,
      id: `br${number}`,
      chassis: 1 + number,
      devices: Array.from({ length: 32 }, (_, i) => ({
        slot: 31 - Math.floor(i / 8),
        function: 7 - (i % 8),
        kind: 'virtio-blk' as const,
        id: `d${number}-${i}`,
        sizeMiB: 1,
        queues: 1,
      })),
    }));
    const { machine } = await start(bareSpec({ pci: bridges }), { paused: true });
    expect((await machine.qmp.humanMonitor('info block')).match(/\.disk: /g)).toHaveLength(64);
  });
});
