/** Before a VM is started: the customer's own files, and what is said where they do not tell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAssignments } from '../../src/commands/preflight.ts';
import { Casebook } from '../../src/diagnose/casebook.ts';
import { CaseFile } from '../../src/diagnose/read.ts';
import { defaultAssignments, examine } from '../../src/preflight/examine.ts';
import { inventoryFromLogs } from '../../src/preflight/from-logs.ts';
import type { Inventory } from '../../src/preflight/types.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

function read(...texts: string[]): Inventory {
  const book = new Casebook();
  for (const [i, text] of texts.entries()) {
    const file = new CaseFile(`file${i}`, book);
    file.push(text);
    file.end();
  }
  return inventoryFromLogs(book);
}

const file = (name: string) => readFileSync(join(fixtures, 'cases', name), 'latin1');
const said = (inventory: Inventory, ...vms: string[]) => {
  const report = examine(inventory, parseAssignments(vms));
  return [
    report.answer,
    ...report.collisions.map(({ vm, bdf, irq, holder }) => `${vm} ${bdf} ${irq} ${holder}`),
  ];
};

describe('the reported case', () => {
  test('the card that lspci shows, alone: it gets its line', () => {
    const inventory = read(file('vfio-intx.lspci'), file('vfio-intx.interrupts'));
    expect(defaultAssignments(inventory)).toEqual([{ vm: 'the VM of 0000:01:00.0', bdfs: ['0000:01:00.0'] }]);
    expect(said(inventory, 'vm=01:00.0')).toEqual(['clear']);
  });

  test('with the second card listed as the first is, before anything was started', () => {
    const lspci = file('vfio-intx.lspci');
    const inventory = read(lspci, lspci.replaceAll('01:00.0', '04:00.0'), file('vfio-intx.interrupts'));
    expect(said(inventory, 'vm100=04:00.0,01:00.0')).toEqual([
      'collides',
      'vm100 0000:01:00.0 16 0000:04:00.0',
    ]);
    const [collision] = examine(inventory, parseAssignments(['vm100=04:00.0,01:00.0'])).collisions;
    // Word for word what the report's kernel said.
    expect(file('vfio-intx.dmesg')).toContain(collision!.message);
    expect(collision!.because.join(' ')).toContain('ConnectX-3 Pro');
  });

  test('without a word of VMs: those of whom the log tells are for VMs too, and collide', () => {
    const inventory = read(file('vfio-intx.lspci'), file('vfio-intx.interrupts'), file('vfio-intx.dmesg'));
    expect(defaultAssignments(inventory).flatMap(({ bdfs }) => bdfs)).toEqual(
      ['01', '04', '08'].map((bus) => `0000:${bus}:00.0`),
    );
    expect(examine(inventory, defaultAssignments(inventory)).answer).toBe('collides');
  });

  test('after the first refusal the kernel log tells who was on the line', () => {
    const inventory = read(file('vfio-intx.lspci'), file('vfio-intx.interrupts'), file('vfio-intx.dmesg'));
    expect(said(inventory, 'a=04:00.0', 'b=01:00.0', 'c=08:00.0')).toEqual([
      'collides',
      'b 0000:01:00.0 16 0000:04:00.0',
      'c 0000:08:00.0 16 0000:04:00.0',
    ]);
  });
});

const lspci = (bdf: string, ...lines: string[]) =>
  `${bdf} Ethernet controller [0200]: Example [1234:0001]\n\tControl: I/O+ Mem+ BusMaster- DisINTx-\n${lines.map((line) => `\t${line}\n`).join('')}\n`;
const routed = 'Interrupt: pin A routed to IRQ 18';
const vfio = 'Kernel driver in use: vfio-pci';
const table = (...rows: string[]) => `           CPU0\n${rows.map((row) => `${row}\n`).join('')}`;

describe('who has the line already', () => {
  const card = lspci('02:00.0', routed, vfio);
  test('a host driver shares with a function that masks, and not with one that is not believed to', () => {
    const inventory = read(card, table('  18:  5  IR-IO-APIC  18-fasteoi  i801_smbus'));
    expect(said(inventory, 'vm=02:00.0')).toEqual(['clear']);
    expect(said({ ...inventory, nointxmask: true }, 'vm=02:00.0')).toEqual([
      'collides',
      'vm 0000:02:00.0 18 i801_smbus',
    ]);
  });

  test('a VM that runs', () => {
    const inventory = read(
      card,
      lspci('03:00.0', routed, vfio),
      table('  18:  5  IR-IO-APIC  18-fasteoi  vfio-intx(0000:03:00.0)'),
    );
    expect(defaultAssignments(inventory).map(({ bdfs }) => bdfs)).toEqual([['0000:02:00.0']]);
    expect(said({ ...inventory, nointxmask: true }, 'vm=02:00.0')).toEqual([
      'collides',
      'vm 0000:02:00.0 18 0000:03:00.0',
    ]);
  });

  test('its own host driver does not count: that lets go first', () => {
    const own = lspci('02:00.0', routed, 'Kernel driver in use: ehci-pci');
    const inventory = read(own, table('  18:  5  IR-IO-APIC  18-fasteoi  ehci_hcd:usb1'));
    expect(said({ ...inventory, nointxmask: true }, 'vm=02:00.0')).toEqual(['clear']);
  });
});

describe('what the files do not tell is not guessed', () => {
  const clear = table('  18:  5  IO-APIC  18-fasteoi  i801_smbus');
  test.each([
    [
      'MSI is on',
      read(
        lspci('02:00.0', 'Interrupt: pin A routed to IRQ 130', 'Capabilities: [50] MSI: Enable+ Count=1/1'),
        clear,
      ),
      'MSI',
    ],
    ['never enabled', read(lspci('02:00.0', 'Interrupt: pin A routed to IRQ 11'), clear), 'firmware'],
    ['not listed', read(lspci('04:00.0', routed), clear), 'none of the files'],
  ])('%s', (_, inventory, word) => {
    const report = examine(inventory, parseAssignments(['vm=02:00.0']));
    expect(report.answer).toBe('unknown');
    expect(report.doubts.map(({ why }) => why).join()).toContain(word);
  });

  test('without /proc/interrupts nobody is known to have a line', () => {
    expect(said(read(lspci('02:00.0', routed)), 'vm=02:00.0')).toEqual(['unknown']);
  });

  test('a full listing without an "Interrupt:" line is a function without a pin', () => {
    expect(said(read(lspci('02:00.0'), clear), 'vm=02:00.0')).toEqual(['clear']);
  });

  test('nothing is asked for', () => {
    expect(said(read(lspci('02:00.0', routed), clear))).toEqual(['unknown']);
  });
});

test('assignments as words', () => {
  expect(parseAssignments(['a=01:00.0,0001:04:00.1', '05:00.0'])).toEqual([
    { vm: 'a', bdfs: ['0000:01:00.0', '0001:04:00.1'] },
    { vm: 'the VM of 0000:05:00.0', bdfs: ['0000:05:00.0'] },
  ]);
  for (const bad of [['a=1:0.0'], ['a='], ['a=01:00.0', 'b=01:00.0']])
    expect(() => parseAssignments(bad)).toThrow(expect.objectContaining({ code: 'BAD_ASSIGNMENT' }));
});
