/** What must not be called an interrupt problem: healthy machines, and the trouble that is mistaken for one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, askFiles, fixtures } from './ask.ts';

const boot =
  '[    0.000000] Linux version 6.12.95-amd64 (x) #1 SMP\n[    0.500000] smp: Brought up 1 node, 4 CPUs\n';

describe('recorded, and nothing wrong with interrupts', () => {
  test.each(['correctable-6.1', 'correctable-6.12', 'swallowed-6.12'])('%s', (run) => {
    const folder = `recordings/${run}`;
    const logs = readdirSync(join(fixtures, folder)).filter((name) => /\.(?:dmesg|serial)$/.test(name));
    const report = askFiles(...logs.map((name) => `${folder}/${name}`));
    expect(report).toMatchObject({ answer: 'nothing-wrong', diagnoses: [], unexplained: [], others: [] });
  });

  test.each(['unplug-6.1', 'unplug-6.12'])('%s: an error, and no VM that it could stop', (run) => {
    const report = askFiles(`recordings/${run}/host.dmesg`, `recordings/${run}/host.serial`);
    expect(report).toMatchObject({ answer: 'not-interrupts', diagnoses: [] });
    expect(report.others[0]!.what).toContain('uncorrectable error');
  });

  test('a table of interrupts alone tells nothing', () => {
    const report = askFiles('cases/vfio-intx.interrupts');
    expect(report).toMatchObject({ answer: 'unknown', diagnoses: [], machine: { cpus: 12 } });
  });
});

describe('not of interrupts', () => {
  test.each([
    ['kvm: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: group 12 is not viable', 'IOMMU group'],
    ['Please ensure all devices within the iommu_group are bound to their vfio bus driver.', 'IOMMU group'],
    ['[   9.000001] vfio-pci 0000:01:00.0: not ready 1023ms after FLR; waiting', 'reset'],
    ['[   9.000001] pci 0000:01:00.0: not ready 65535ms after bus reset; giving up', 'reset'],
    [
      '[   9.000001] vfio-pci 0000:01:00.0: timed out waiting for pending transaction; performing function level reset anyway',
      'reset',
    ],
    ['rsyslogd: file write error: No space left on device', 'full disk'],
    ['Nov 21 08:18:39 pve pvedaemon[77]: cannot write: No space left on device', 'full disk'],
    [
      'qemu-system-x86_64: vfio 0000:01:00.0: failed to open /dev/vfio/12: Device or resource busy',
      'another process',
    ],
    [
      "[   9.000001] vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xe0000000-0xefffffff 64bit pref]",
      'memory window',
    ],
    [
      '[   9.000001] vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible',
      'power state',
    ],
    [
      '[   9.000001] DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0xfee00000',
      'IOMMU refused',
    ],
    [
      '[   9.000001] vfio_iommu_type1_attach_group: No interrupt remapping support.  Use the module param "allow_unsafe_interrupts"',
      'isolate',
    ],
    ['[   9.000001] nvme: probe of 0000:01:00.0 failed with error -16', 'gave its device up'],
    [
      '[   9.000001] e1000e 0000:01:00.0: probe with driver e1000e failed with error -28',
      'gave its device up',
    ],
    ['kvm: vfio_dma_map(0x1, 0x0, 0x80000000, 0x2) = -12 (Cannot allocate memory)', 'locked or mapped'],
    ['[   9.000001] BUG: unable to handle page fault for address: 0000000000001000', 'in trouble'],
  ])('%s', (line, what) => {
    const report = ask({ log: `${boot}${line}\n` });
    expect(report).toMatchObject({ answer: 'not-interrupts', diagnoses: [], unexplained: [] });
    expect(report.others).toHaveLength(1);
    expect(report.others[0]!.what).toContain(what);
    expect(report.others[0]!.first.line).toBe(3);
  });

  test('what another program says about a kernel message is not the kernel’s', () => {
    const line = 'Nov 21 08:18:39 host sudo[12]: root : COMMAND=/bin/grep irq 19: nobody cared';
    const second =
      'Nov 21 08:18:40 host mail[12]: irq 19: nobody cared (try booting with the "irqpoll" option)';
    expect(ask({ log: `${boot}${line}\n${second}\n` })).toMatchObject({
      answer: 'nothing-wrong',
      diagnoses: [],
    });
  });
});

describe('trouble with interrupts that no rule knows', () => {
  test.each([
    ['CPU 3 has 40 vectors, 12 available. Cannot disable CPU', 'cpu-offline-refused'],
    ['IRQ27: set affinity failed(-28).', 'set-affinity-failed'],
    ['genirq: Flags mismatch irq 4. 00000000 (serial) vs. 00000080 (other)', 'flags-mismatch'],
    ['virtio_net virtio0: probe with driver virtio_net failed with error -12', 'virtio-probe-failed'],
  ])('%s', (line, kind) => {
    const report = ask({ log: `${boot}[    9.000001] ${line}\n` });
    expect(report).toMatchObject({ answer: 'unknown', diagnoses: [], unexplained: [{ kind, count: 1 }] });
  });
});

test('a real healthy boot stays healthy whatever wraps it', () => {
  const log = readFileSync(join(fixtures, 'recordings/correctable-6.12/host.dmesg'), 'latin1');
  const bare = log.replaceAll(/^\[ *\d+\.\d+\] /gm, '');
  const wrapped = {
    bare,
    journal: bare.replaceAll(/^/gm, 'Nov 21 08:18:39 host kernel: '),
    dmesgT: bare.replaceAll(/^/gm, '[Sat Nov 21 08:18:39 2026] '),
    windows: log.replaceAll('\n', '\r\n'),
    colour: log.replaceAll(/^(\[.*?\])/gm, '\x1b[32m$1\x1b[0m'),
  };
  for (const [name, text] of Object.entries(wrapped))
    expect([name, ask({ log: text })]).toMatchObject([name, { answer: 'nothing-wrong', others: [] }]);
});
