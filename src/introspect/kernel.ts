/** A running kernel seen from outside: its types, its symbols, and the address space in which both mean something. */
import { LabBrokeError } from '../errors.ts';
import type { StoppedCpus } from '../machine/gdb/stub.ts';
import { AddressSpace, UnmappedError } from './address-space.ts';
import type { Btf } from './btf/btf.ts';
import type { Symbols } from './kallsyms.ts';

export interface Kernel {
  btf: Btf;
  symbols: Symbols;
}

/** What was read is not the kernel that types and symbols describe. */
export function unreadable(what: string, cause?: unknown): LabBrokeError {
  return new LabBrokeError(`the kernel's memory cannot be read: ${what}`, {
    code: 'KERNEL_UNREADABLE',
    next: 'BTF and kallsyms have to be those of the running kernel, kallsyms of this very boot (KASLR) and read as root.',
    ...(cause === undefined ? {} : { cause }),
  });
}

const banner = 'Linux version ';
const la57 = 1n << 12n;
/** PTI_USER_PGTABLE_BIT (arch/x86/include/asm/pgtable.h): set in CR3 while a CPU's page tables lack the kernel. */
const userTables = 0x1000n;
const frame = 0x000f_ffff_ffff_f000n;

/**
 * The kernel's address space, from the page tables of the first CPU that has the kernel in them: proved by the
 * kernel's banner being where the symbols put it.
 * @param linuxBanner address of the kernel's `linux_banner`.
 * @throws {LabBrokeError} `KERNEL_UNREADABLE`
 */
export async function kernelSpace(cpus: StoppedCpus, linuxBanner: bigint): Promise<AddressSpace> {
  for await (const thread of cpus.threads()) {
    const registers = await cpus.registers(thread);
    const cr3 = registers.get('cr3');
    if (cr3 === undefined) throw unreadable('the gdb stub tells no cr3: not an x86 machine');
    const levels = (registers.get('cr4') ?? 0n) & la57 ? 5 : 4;
    for (const root of new Set([cr3 & frame, cr3 & frame & ~userTables])) {
      const space = new AddressSpace(cpus, Number(root), levels);
      if (await holdsBanner(space, linuxBanner)) return space;
    }
  }
  throw unreadable(
    `no CPU has the kernel's banner at 0x${linuxBanner.toString(16)}, where kallsyms puts linux_banner`,
  );
}

async function holdsBanner(space: AddressSpace, address: bigint): Promise<boolean> {
  try {
    const [found] = await space.read([{ address, length: banner.length }]);
    return new TextDecoder().decode(found) === banner;
  } catch (error) {
    if (error instanceof UnmappedError) return false;
    throw error;
  }
}
