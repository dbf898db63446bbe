/** The inventory of a live machine, from trees of files as sysfs and procfs have them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { liveInventory } from '../../src/commands/preflight-live.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vflab-live-'));
  write(
    'proc/interrupts',
    '           CPU0\n  18:  5  IO-APIC  18-fasteoi  i801_smbus\n 130:  1  PCI-MSIX-0000:01:00.0  0-edge  eth0\n',
  );
  write('proc/sys/kernel/osrelease', '6.12.95-amd64\n');
  write('sys/module/vfio_pci/parameters/nointxmask', 'Y\n');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | Buffer) {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
}

interface Fn {
  command?: number;
  pin?: number;
  irq?: number;
  header?: number;
  driver?: string;
  msi?: 'msi' | 'msix';
}

function add(bdf: string, { command = 0x103, pin = 1, irq = 18, header = 0, driver, msi }: Fn) {
  const folder = `sys/bus/pci/devices/${bdf}`;
  const config = Buffer.alloc(256);
  config.writeUInt16LE(0x15b3, 0);
  config.writeUInt16LE(0x1007, 2);
  config.writeUInt16LE(command, 4);
  config[0x0e] = header;
  config[0x3d] = pin;
  write(`${folder}/config`, config);
  write(`${folder}/irq`, `${irq}\n`);
  write(`${folder}/enable`, '1\n');
  if (msi) write(`${folder}/msi_irqs/130`, `${msi}\n`);
  if (driver) symlinkSync(`../../../bus/pci/drivers/${driver}`, join(root, folder, 'driver'));
}

const live = (probe: string[] = []) =>
  liveInventory({ sys: join(root, 'sys'), proc: join(root, 'proc'), probe });

test('pins, lines, drivers and lists', () => {
  add('0000:01:00.0', { driver: 'vfio-pci' });
  add('0000:02:00.0', { driver: 'e1000', command: 0x507, msi: 'msix' });
  add('0000:03:00.0', { pin: 0, irq: 0 });
  add('0000:00:1c.0', { header: 1, driver: 'pcieport' });
  const { functions, lines, nointxmask, release } = live();
  expect(functions).toMatchObject([
    { bdf: '0000:01:00.0', driver: 'vfio-pci', pin: 1, irq: 18, trust: 'distrusted' },
    { bdf: '0000:02:00.0', driver: 'e1000', pin: 1, irq: 18, disIntx: true },
    { bdf: '0000:03:00.0', pin: 0 },
  ]);
  expect(functions[0]).not.toHaveProperty('disIntx');
  expect(lines.map(({ irq, actions, edge }) => [irq, actions, edge])).toEqual([
    [18, ['i801_smbus'], false],
    [130, ['eth0'], true],
  ]);
  expect([nointxmask, release]).toEqual([true, '6.12.95-amd64']);
});

test('a number that is not the line’s is not taken for it', () => {
  add('0000:01:00.0', { msi: 'msi', irq: 130, driver: 'xhci_hcd' });
  add('0000:02:00.0', { irq: 11 });
  expect(live().functions.map(({ irq, lineUnknown }) => [irq, lineUnknown])).toEqual([
    [undefined, 'msi'],
    [undefined, 'not-routed'],
  ]);
});

test('without --probe nothing is written; with it DisINTx is tried and the register put back', () => {
  add('0000:01:00.0', { driver: 'vfio-pci' });
  const config = join(root, 'sys/bus/pci/devices/0000:01:00.0/config');
  const before = readFileSync(config);
  live();
  expect(live(['0000:01:00.0']).functions[0]).toMatchObject({ disIntx: true });
  expect(readFileSync(config)).toEqual(before);
});

test('a function that nobody drives is enabled for a moment, and left as it was', () => {
  add('0000:02:00.0', { irq: 21, command: 0x100 });
  write('sys/bus/pci/devices/0000:02:00.0/enable', '0\n');
  expect(live(['0000:02:00.0']).functions[0]).toMatchObject({ irq: 21, disIntx: true });
  expect(readFileSync(join(root, 'sys/bus/pci/devices/0000:02:00.0/enable'), 'utf8')).toBe('0');
});

test('no PCI at all', () => {
  rmSync(join(root, 'sys'), { recursive: true });
  expect(live).toThrow(expect.objectContaining({ code: 'NO_PCI' }));
});
