/** An inventory from a customer's files: lspci, /proc/interrupts, kernel logs, in any mixture. */
import type { Casebook, Place, Seen } from '../diagnose/casebook.ts';
import { machineOf } from '../diagnose/machine.ts';
import { intxTrustByName } from '../model/intx/distrusted.ts';
import { vfioOwner } from '../model/vfio/triggers.ts';
import type { Inventory, LineUse, Subject } from './types.ts';

export function inventoryFromLogs(book: Casebook): Inventory {
  const lines = book.of('interrupt-row').flatMap(({ row, at }): LineUse[] => {
    if (!/^\d+$/.test(row.irq) || row.actions.length === 0) return [];
    const edge = /(?:^|-)edge$/.test(row.hwirq ?? '') || /MSI/.test(row.chip ?? '');
    return [{ irq: Number(row.irq), actions: row.actions, edge, at: place(at) }];
  });
  const told = refusedBefore(book);
  const listed = new Map<string, Subject>();
  // A function may be listed more than once, with more words or with fewer.
  for (const seen of book.of('pci-function')) {
    const found = subject(seen, lines, told);
    const other = listed.get(found.bdf);
    listed.set(found.bdf, other ? merged(other, found) : found);
  }
  const { release } = machineOf(book);
  const asked = book
    .of('command-line')
    .flatMap(({ words }) => words.filter((word) => /^vfio[_-]pci\.nointxmask\b/.test(word)));
  return {
    functions: [...listed.values(), ...[...told.values()].filter(({ bdf }) => !listed.has(bdf))],
    lines,
    linesRead: book.count('interrupt-row') > 0,
    ...(release === undefined ? {} : { release }),
    ...(asked.length > 0 ? { nointxmask: !/=[0nN]/.test(asked.at(-1)!) } : {}),
  };
}

function subject(
  { fn, at }: Seen<'pci-function'>,
  lines: readonly LineUse[],
  told: ReadonlyMap<string, Subject>,
): Subject {
  const { bdf, title, driver, interrupt, control, msi } = fn;
  const before = told.get(bdf);
  const trust = intxTrustByName(title);
  // -vvv prints every register, so that no "Interrupt:" line means no pin; -v prints a line or nothing.
  const pin = interrupt?.pin ? 'ABCD'.indexOf(interrupt.pin) + 1 : interrupt ? 1 : control ? 0 : before?.pin;
  const unknown = msi?.enabled ? 'msi' : isRouted(interrupt?.irq, lines) ? undefined : 'not-routed';
  return {
    bdf,
    title,
    trust: trust === 'no' && before ? before.trust : trust,
    at: place(at),
    ...withDriver(driver ?? before?.driver),
    ...(pin === undefined ? {} : { pin }),
    ...(interrupt && !unknown ? { irq: interrupt.irq } : before ? { irq: before.irq! } : {}),
    ...(interrupt && unknown && !before ? { lineUnknown: unknown } : {}),
    ...(control?.DisINTx ? { disIntx: true } : {}),
  };
}

function withDriver(driver: string | undefined): { driver?: string } {
  return driver === undefined ? {} : { driver };
}

/** The one that knows the line, else the pin, with what only the other knows. */
function merged(a: Subject, b: Subject): Subject {
  const knows = ({ irq, pin }: Subject) => (irq === undefined ? 0 : 2) + (pin === undefined ? 0 : 1);
  return knows(b) > knows(a) ? { ...a, ...b } : { ...b, ...a };
}

/**
 * A function that was never enabled has the number that the firmware wrote for a PIC, below 16, and gets its line only
 * then (drivers/acpi/pci_irq.c, acpi_pci_irq_enable()). Where a level-triggered line has that number, it may be one.
 */
export function isRouted(irq: number | undefined, lines: readonly LineUse[]): boolean {
  if (irq === undefined || irq >= 16 || lines.length === 0) return true;
  return lines.some((line) => line.irq === irq && !line.edge);
}

/**
 * A refusal that the log has seen tells the line and the flags of both: who asked without IRQF_SHARED will again. vfio
 * had both then, so without a word to the contrary they are for VMs now.
 */
function refusedBefore(book: Casebook): Map<string, Subject> {
  const told = new Map<string, Subject>();
  for (const { irq, newName, newFlags, oldName, oldFlags, at } of book.of('flags-mismatch')) {
    for (const [name, flags] of [
      [newName, newFlags],
      [oldName, oldFlags],
    ] as const) {
      const owner = vfioOwner(name);
      if (owner?.type !== 'intx') continue;
      const trust = (flags & 0x80) === 0 ? 'distrusted' : 'no';
      told.set(owner.bdf, { bdf: owner.bdf, driver: 'vfio-pci', pin: 1, irq, trust, at: place(at) });
    }
  }
  return told;
}

function place({ file, line }: Place) {
  return { file, line };
}
