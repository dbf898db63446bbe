/**
 * An inventory of the machine that this runs on, from sysfs and procfs. Nothing is written unless `probe` is asked for;
 * then, of the functions to be given away alone, DisINTx is tried and put back, and one that was never enabled is
 * enabled for a moment, so that the kernel routes its pin.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { parseInterrupts } from '../evidence/interrupts.ts';
import { intxTrust } from '../model/intx/distrusted.ts';
import { isRouted } from '../preflight/from-logs.ts';
import type { Inventory, LineUse, Subject } from '../preflight/types.ts';

export interface LiveOptions {
  /** Where sysfs, procfs are: for tests. */
  sys?: string;
  proc?: string;
  /** BDFs to try DisINTx of. */
  probe?: readonly string[];
}

const disIntx = 0x400;

/** @throws EnvironmentError NO_PCI, PROBE_REFUSED */
export function liveInventory({ sys = '/sys', proc = '/proc', probe = [] }: LiveOptions): Inventory {
  const devices = join(sys, 'bus/pci/devices');
  if (!existsSync(devices))
    throw new EnvironmentError(`${devices} is not there: this machine shows no PCI`, {
      code: 'NO_PCI',
      next: 'run it on the host itself, or give it stored files with --from',
    });
  const lines = linesOf(join(proc, 'interrupts'));
  const nointxmask = read(join(sys, 'module/vfio_pci/parameters/nointxmask'));
  const release = read(join(proc, 'sys/kernel/osrelease'));
  return {
    functions: readdirSync(devices)
      .toSorted()
      .flatMap((bdf) => subject(join(devices, bdf), bdf, lines, probe.includes(bdf)) ?? []),
    lines,
    linesRead: existsSync(join(proc, 'interrupts')),
    ...(nointxmask === undefined ? {} : { nointxmask: /^[Y1]/.test(nointxmask) }),
    ...(release === undefined ? {} : { release }),
  };
}

function linesOf(file: string): LineUse[] {
  return parseInterrupts(read(file) ?? '').rows.flatMap(({ irq, actions, hwirq = '', chip = '', line }) =>
    /^\d+$/.test(irq) && actions.length > 0
      ? [
          {
            irq: Number(irq),
            actions,
            edge: hwirq.endsWith('edge') || chip.includes('MSI'),
            at: { file, line },
          },
        ]
      : [],
  );
}

function subject(
  folder: string,
  bdf: string,
  lines: readonly LineUse[],
  probe: boolean,
): Subject | undefined {
  const config = readConfig(join(folder, 'config'));
  // A function that is gone reads as all ones; header type 1 is a bridge.
  if (!config || config.readUInt16LE(0) === 0xffff || (config[0x0e]! & 0x7f) !== 0) return undefined;
  const [vendor, device] = [hex(config.readUInt16LE(0)), hex(config.readUInt16LE(2))];
  const driver = link(join(folder, 'driver'));
  const msi = existsSync(join(folder, 'msi_irqs'))
    ? readdirSync(join(folder, 'msi_irqs')).some((irq) => read(join(folder, 'msi_irqs', irq)) === 'msi')
    : false;
  const irq = Number(read(join(folder, 'irq')));
  const pin = config[0x3d]!;
  const tried = probe && pin > 0 ? tryFunction(folder, driver) : undefined;
  const routed = tried?.irq ?? (isRouted(irq, lines) ? irq : undefined);
  return {
    bdf,
    title: `[${vendor}:${device}]`,
    pin,
    trust: intxTrust(vendor, device),
    at: { file: folder },
    ...(driver === undefined ? {} : { driver }),
    ...(msi
      ? { lineUnknown: 'msi' }
      : routed === undefined
        ? { lineUnknown: 'not-routed' }
        : { irq: routed }),
    ...(tried
      ? { disIntx: tried.disIntx }
      : (config.readUInt16LE(4) & disIntx) !== 0
        ? { disIntx: true }
        : {}),
  };
}

/** The register is put back before this returns, whatever happens in between. */
function tryFunction(folder: string, driver: string | undefined): { disIntx: boolean; irq?: number } {
  const config = join(folder, 'config');
  let irq: number | undefined;
  try {
    // sysfs refuses to enable a function that has a driver (drivers/pci/pci-sysfs.c, enable_store()).
    if (driver === undefined && read(join(folder, 'enable')) === '0') {
      const before = readCommand(config);
      try {
        writeFileSync(join(folder, 'enable'), '1');
        irq = Number(read(join(folder, 'irq')));
        writeFileSync(join(folder, 'enable'), '0');
      } finally {
        writeCommand(config, before);
      }
    }
    const before = readCommand(config);
    if ((before & disIntx) !== 0) return { disIntx: true, ...(irq === undefined ? {} : { irq }) };
    let set: number;
    try {
      writeCommand(config, before | disIntx);
      set = readCommand(config);
    } finally {
      writeCommand(config, before);
    }
    return { disIntx: (set & disIntx) !== 0, ...(irq === undefined ? {} : { irq }) };
  } catch (cause) {
    throw new EnvironmentError(`${config} cannot be probed: ${(cause as Error).message}`, {
      code: 'PROBE_REFUSED',
      next: 'run it as root, or without --probe',
      cause,
    });
  }
}

function readCommand(config: string): number {
  const bytes = readConfig(config);
  if (!bytes) throw new Error('it cannot be read');
  return bytes.readUInt16LE(4);
}

/** Two bytes at offset 4, and no others: sysfs writes to the device what it is given, where it is given. */
function writeCommand(config: string, value: number): void {
  const fd = openSync(config, 'r+');
  try {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    writeSync(fd, bytes, 0, 2, 4);
  } finally {
    closeSync(fd);
  }
}

/** The first 64 bytes, which everybody may read. */
function readConfig(file: string): Buffer | undefined {
  try {
    const fd = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(64);
      return readSync(fd, bytes, 0, 64, 0) === 64 ? bytes : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function link(file: string): string | undefined {
  try {
    return basename(readlinkSync(file));
  } catch {
    return undefined;
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(4, '0');
}
