/** Page tables in a made-up physical memory. */
import { describe, expect, it } from 'vitest';
import { findKernel, KernelMemory } from '../../src/introspect/kernel-memory.ts';
import { PageTables } from '../../src/introspect/page-tables.ts';
import type { StoppedCpus } from '../../src/machine/gdb/stopped-cpus.ts';
import { Memory } from './made-memory.ts';

const small = 0xffff_c900_0000_5000n;
const twoMiB = 0xffff_c900_4020_0000n;
const oneGiB = 0xffff_c980_0000_0000n;
const noExecute = 1n << 63n;

function mapped(levels: 4 | 5): Memory {
  const memory = new Memory();
  let root = 0x1000;
  if (levels === 5) {
    memory.entry(root, small, 48, 0x9003n);
    root = 0x9000;
  }
  memory.entry(root, small, 39, 0x2003n);
  memory.entry(0x2000, small, 30, 0x3003n);
  memory.entry(0x3000, small, 21, 0x4003n);
  memory.entry(0x4000, small, 12, 0x1234_5003n | noExecute);
  memory.entry(0x4000, small + 4096n, 12, 0x7_0000_0003n);
  memory.entry(0x2000, twoMiB, 30, 0x6003n);
  memory.entry(0x6000, twoMiB, 21, 0x4000_0083n | noExecute);
  memory.entry(root, oneGiB, 39, 0x8003n);
  memory.entry(0x8000, oneGiB, 30, 0x1_0000_0083n);
  return memory;
}

describe('page tables', () => {
  it.each([4, 5] as const)('of %i levels: pages of three sizes, in one read a level', async (levels) => {
    const memory = mapped(levels);
    const tables = new PageTables(memory, 0x1000, levels);
    const pages = [small, twoMiB + 0x3000n, oneGiB + 0x1234_5000n, small + 0x2000n, oneGiB - 4096n];
    expect([...(await tables.translate(pages))].toSorted()).toEqual(
      [
        [small, 0x1234_5000],
        [twoMiB + 0x3000n, 0x4000_3000],
        [oneGiB + 0x1234_5000n, 0x1_1234_5000],
      ].toSorted(),
    );
    expect(memory.reads).toBe(levels);
    await tables.translate([small]);
    expect(memory.reads).toBe(levels);
  });
});

describe("a kernel's memory", () => {
  const place = {
    root: 0x1000,
    levels: 4,
    image: 0xffff_ffff_8000_0000n,
    directMap: { start: 0xffff_8880_0000_0000n, end: 0xffff_c880_0000_0000n },
  } as const;

  it('is read across pages, in order; image and direct map without any table', async () => {
    const memory = mapped(4);
    memory.text(0x1234_5ff8, 'page one');
    memory.text(0x7_0000_0000, ', two');
    memory.text(0x100_0000, 'image');
    memory.text(0x200_0000, 'direct');
    const kernel = new KernelMemory(memory, place);
    const linear = await kernel.read([
      { address: 0xffff_ffff_8100_0000n, length: 5 },
      { address: 0xffff_8880_0200_0000n, length: 6 },
    ]);
    expect(linear.map((bytes) => Buffer.from(bytes).toString())).toEqual(['image', 'direct']);
    expect(memory.reads).toBe(1);
    const [walked, nothing] = await kernel.read([
      { address: small + 0xff8n, length: 13 },
      { address: small, length: 0 },
    ]);
    expect(Buffer.from(walked!).toString()).toBe('page one, two');
    expect(nothing).toHaveLength(0);
  });

  it('what is not mapped is an error that names the address', async () => {
    const kernel = new KernelMemory(mapped(4), place);
    await expect(kernel.read([{ address: 0n, length: 8 }])).rejects.toMatchObject({
      code: 'KERNEL_UNREADABLE',
      message: expect.stringContaining('nothing is mapped at 0x0'),
    });
  });
});

describe('finding the kernel', () => {
  const at = 0xffff_ffff_8200_0040n;
  /** CR3 of each CPU; the kernel is in the tables at 0x1000 only. */
  function cpus(...roots: bigint[]): StoppedCpus {
    const memory = new Memory();
    memory.entry(0x10_0000, at, 39, 0x2003n);
    memory.entry(0x2000, at, 30, 0x3003n);
    memory.entry(0x3000, at, 21, 0x3_0000_0083n);
    memory.text(0x3_0000_0040, 'Linux version 6.12');
    return {
      readPhysical: memory.readPhysical,
      async *threads() {
        yield* roots.keys().map(String);
      },
      registers: async (thread) => new Map([['cr3', roots[Number(thread)]!]]),
    };
  }

  it.each([
    ['the first CPU has it', [0x10_0000n]],
    ['with a process id in CR3', [0x10_0007n]],
    ['only the second CPU has it', [0x7000n, 0x10_0000n]],
    // Page table isolation: the user's tables are right behind the kernel's.
    ['a CPU is in user space', [0x10_1801n]],
  ])('%s', async (_, roots) => {
    expect(await findKernel(cpus(...roots), { linux_banner: at })).toEqual({
      root: 0x10_0000,
      levels: 4,
      image: 0xffff_fffc_8200_0000n,
    });
  });

  it('no CPU has it, or it is elsewhere', async () => {
    for (const [roots, address] of [
      [[0x7000n], at],
      [[], at],
      [[0x10_0000n], at + 0x100n],
    ] as const)
      await expect(findKernel(cpus(...roots), { linux_banner: address })).rejects.toMatchObject({
        code: 'KERNEL_UNREADABLE',
      });
  });
});
