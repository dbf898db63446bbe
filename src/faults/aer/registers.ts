/**
 * The AER registers of a function and of the root port above it, read inside the host through the kernel's
 * config accessors: while `aer_inject` simulates an error, only those show it.
 */
import type { AerCounters, AerRegisters } from '../../evidence/record.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import { uncorrectableBits } from './schema.ts';

/** Offsets in the AER extended capability (include/uapi/linux/pci_regs.h, PCI_ERR_*). */
const aerWords = {
  uncorStatus: 0x04,
  uncorMask: 0x08,
  uncorSeverity: 0x0c,
  corStatus: 0x10,
  corMask: 0x14,
} as const;
export const rootStatusOffset = 0x30;
/** PCI_EXP_DEVSTA in the PCI Express capability. */
export const deviceStatusOffset = 0x0a;

export interface AerTarget {
  bdf: string;
  /** BDF of the root port above; absent where the target is a root port itself. */
  rootBdf?: string;
}

export async function readRegisters(
  host: LinuxMachine,
  target: AerTarget,
  signal: AbortSignal,
): Promise<AerRegisters> {
  const root = target.rootBdf ?? target.bdf;
  const words = [...Object.values(aerWords), 0x1c, 0x20, 0x24, 0x28].map(
    (o) => `ECAP_AER+${o.toString(16)}.l`,
  );
  const output = await host.must(
    `setpci -s ${target.bdf} ${words.join(' ')} CAP_EXP+${deviceStatusOffset.toString(16)}.w && ` +
      `setpci -s ${root} ECAP_AER+${rootStatusOffset.toString(16)}.l && ` +
      `cd /sys/bus/pci/devices && sed -n 's/^TOTAL_ERR_//p' ${target.bdf}/aer_dev_correctable ` +
      `${target.bdf}/aer_dev_nonfatal ${target.bdf}/aer_dev_fatal && ` +
      `cat ${root}/aer_rootport_total_err_cor ${root}/aer_rootport_total_err_nonfatal ${root}/aer_rootport_total_err_fatal`,
    signal,
  );
  return parseRegisters(output, target);
}

/** @param output One value a line, in the order of the command above. */
export function parseRegisters(output: string, target: AerTarget): AerRegisters {
  const lines = output.trim().split('\n');
  if (lines.length !== 17) throw new Error(`expected 17 register values, got: ${output}`);
  const hex = lines.slice(0, 11).map((line) => Number.parseInt(line, 16));
  const totals = lines.slice(11).map((line) => Number(line.split(' ').at(-1)));
  if ([...hex, ...totals].some(Number.isNaN)) throw new Error(`not a register value in: ${output}`);
  const counters = ([correctable, nonFatal, fatal]: number[]): AerCounters => ({
    correctable: correctable!,
    nonFatal: nonFatal!,
    fatal: fatal!,
  });
  return {
    bdf: target.bdf,
    uncorStatus: hex[0]!,
    uncorMask: hex[1]!,
    uncorSeverity: hex[2]!,
    corStatus: hex[3]!,
    corMask: hex[4]!,
    headerLog: [hex[5]!, hex[6]!, hex[7]!, hex[8]!],
    deviceStatus: hex[9]!,
    rootStatus: hex[10]!,
    rootBdf: target.rootBdf ?? target.bdf,
    counters: counters(totals.slice(0, 3)),
    rootCounters: counters(totals.slice(3)),
  };
}

/** Status bits in words, as lspci names them: `CmpltAbrt`. */
export function uncorrectableNames(status: number): string[] {
  return Object.entries(uncorrectableBits)
    .filter(([, bit]) => status & (1 << bit))
    .map(([name]) => name);
}
