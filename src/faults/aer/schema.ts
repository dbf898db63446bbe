/** Fault `aer`: one PCIe error, named as the PCI Express Base Specification (and lspci) name it. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

/**
 * Uncorrectable error status bits by the short names that the kernel and lspci print.
 * Source: include/uapi/linux/pci_regs.h (PCI_ERR_UNC_*), drivers/pci/pcie/aer.c
 * (aer_uncorrectable_error_string).
 */
export const uncorrectableBits = {
  DLP: 4,
  SDES: 5,
  TLP: 12,
  FCP: 13,
  CmpltTO: 14,
  CmpltAbrt: 15,
  UnxCmplt: 16,
  RxOF: 17,
  MalfTLP: 18,
  ECRC: 19,
  UnsupReq: 20,
  ACSViol: 21,
} as const;

/** Correctable error status bits. Source: PCI_ERR_COR_*, aer_correctable_error_string. */
export const correctableBits = {
  RxErr: 0,
  BadTLP: 6,
  BadDLLP: 7,
  Rollover: 8,
  Timeout: 12,
} as const;

export type UncorrectableName = keyof typeof uncorrectableBits;
export type CorrectableName = keyof typeof correctableBits;
export type AerErrorName = UncorrectableName | CorrectableName;

const names = [...Object.keys(uncorrectableBits), ...Object.keys(correctableBits)] as [
  AerErrorName,
  ...AerErrorName[],
];

export const AerFault = z.strictObject({
  kind: z.literal('aer'),
  /** The function that reports the error: a PF (`nic0`), a VF (`nic0.vf1`), or a port's qdev id. */
  target: z.string(),
  /** The error, by its PCIe short name. */
  error: z.enum(names),
  /** For an uncorrectable error: its severity. The injection sets the device's severity register to match. */
  severity: z.enum(['correctable', 'non-fatal', 'fatal']),
  /**
   * `kernel`: the host kernel's own `aer_inject`, software-level, on any function.
   * `qemu`: HMP `pcie_aer_inject_error`, at device level, on functions with a qdev id (not VFs).
   */
  via: z.enum(['kernel', 'qemu']).default('kernel'),
  /** So many at once, each written by a process of its own; the kernel may take several of them as one. */
  burst: z.int().min(1).max(64).default(1),
  /** The four double words of the TLP header log. */
  header: z.array(z.number().int().min(0).max(0xffffffff)).length(4).default([0, 1, 2, 3]),
});
export type AerFault = z.infer<typeof AerFault>;

export function isCorrectable(name: AerErrorName): name is CorrectableName {
  return name in correctableBits;
}

export const aerWords: FaultWords<AerFault> = {
  schema: AerFault,
  lasts: false,
  draws: false,
  says: ({ severity, error, target, burst }) =>
    `${severity} ${error} on ${target}${burst > 1 ? `, ${burst} at once` : ''}`,
  by: ({ via }) => (via === 'kernel' ? "the kernel's aer_inject" : "QEMU's pcie_aer_inject_error"),
  hostModules: ({ via }) => (via === 'kernel' ? ['aer_inject'] : []),
  *check(fault, { functions, ports, portOf, unknown }) {
    const fn = functions.find((f) => f.name === fault.target);
    if (!fn && !ports.includes(fault.target)) {
      const known = [...functions.map((f) => f.name), ...ports];
      yield { key: 'target', message: unknown('target', fault.target, known) };
    }
    if (fn && fn.kind !== 'igb' && fn.kind !== 'nvme')
      yield { key: 'target', message: `${fn.name} is on the root bus and has no AER capability` };
    else if (fn?.kind === 'nvme')
      yield {
        key: 'target',
        message: `QEMU's nvme has no AER capability: aim at the port above it, ${portOf(fn.device)}`,
      };
    else if (fn?.kind === 'igb' && fault.via === 'qemu')
      yield {
        key: 'target',
        message: `QEMU's igb sends no error messages: aim at the port above it, ${portOf(fn.device)}, or write \`via: kernel\``,
      };
    if (fault.burst > 1 && fault.via === 'qemu')
      yield { key: 'burst', message: 'QEMU injects one at a time: write `via: kernel`' };
    if (isCorrectable(fault.error) && fault.severity !== 'correctable')
      yield {
        key: 'severity',
        message: `${fault.error} is a correctable error; a ${fault.severity} one is ${list(uncorrectableBits)}`,
      };
    if (!isCorrectable(fault.error) && fault.severity === 'correctable')
      yield {
        key: 'severity',
        message: `${fault.error} cannot be correctable; a correctable one is ${list(correctableBits)}`,
      };
  },
};

function list(bits: Record<string, number>): string {
  return Object.keys(bits).join(', ');
}
