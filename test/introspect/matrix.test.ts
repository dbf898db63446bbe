/** The matrix read out of a memory that was made from a snapshot; and out of one that is something else. */
import { describe, expect, it } from 'vitest';
import { type MatrixSnapshot, parseMatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';
import { MatrixReader } from '../../src/introspect/matrix.ts';
import { type MadeMachine, madeMachine } from './made-memory.ts';

const snapshot: MatrixSnapshot = {
  matrixBits: 256,
  allocStart: 32,
  allocEnd: 236,
  allocSize: 204,
  globalAvailable: 0xffff_ffff,
  globalReserved: 14,
  systembitsInAlloc: 3,
  totalAllocated: 70_000,
  onlineMaps: 2,
  systemMap: [0, 19, 32, 50, 128, 236, 255],
  cpus: [0, 1, 9].map((cpu) => ({
    cpu,
    available: 197 - cpu,
    allocated: 2,
    managed: 3 + cpu,
    managedAllocated: 1,
    initialized: cpu < 9,
    online: cpu === 0,
    allocMap: [33 + cpu, 48],
    managedMap: [33, 63, 64, 235],
    slots: [
      { vector: 33, holds: 'irq', irq: 26 + cpu, actions: ['virtio0-req.0'] },
      { vector: 49, holds: 'shutdown' },
      { vector: 50, holds: 'irq', irq: 2, actions: [] },
      {
        vector: 51,
        holds: 'irq',
        irq: 16,
        actions: ['PCIe PME', 'module', 'a name longer than what is read at once'],
      },
      { vector: 255, holds: 'retriggered' },
    ],
  })),
};

describe.each(['6.1', '6.12'] as const)('as in %s', (like) => {
  const read = (change: (machine: MadeMachine) => void = () => {}) => {
    const machine = madeMachine(snapshot, like);
    change(machine);
    return new MatrixReader(machine.layout).read(machine.cpus);
  };

  it('what is in memory is found, whichever way the kernel keeps it', async () => {
    const { memory, ...rest } = (await read())!;
    expect(rest).toEqual(snapshot);
    expect(memory).toEqual(
      like === '6.1'
        ? {
            maps: '0x3b9b0',
            scratchMap: ['0x0', '0x0', '0x0', '0x0'],
            systemMap: ['0x4000100080001', '0x0', '0x1', '0x8000100000000000'],
          }
        : { maps: '0x3b9b0', scratchMap: '0xffff8a0000200038', systemMap: '0xffff8a0000210000' },
    );
    expect(parseMatrixSnapshot(JSON.stringify({ ...rest, memory }))).toMatchObject({ ok: true });
  });

  it('once found, it takes few questions', async () => {
    const { memory, layout, cpus } = madeMachine(snapshot, like);
    const reader = new MatrixReader(layout);
    await reader.read(cpus);
    const before = memory.reads;
    await reader.read(cpus);
    // Of them four are the tables of the module's page, and the names take two.
    expect(memory.reads - before).toBeLessThanOrEqual(16);
  });

  it('without symbols for the direct map', async () => {
    const failing = read(({ layout }) => {
      delete layout.symbols.page_offset_base;
    });
    // Its pages are then walked, and this memory has no tables for them.
    await expect(failing).rejects.toThrow(/nothing is mapped at 0xffff8a00/);
  });

  it('a CPU inside vector_lock: nothing, to be tried again', async () => {
    expect(await read(({ memory, at }) => memory.number(at('vector_lock'), 0x101, 4))).toBeUndefined();
  });

  it('a machine that was booted again', async () => {
    const { memory, layout, cpus, at } = madeMachine(snapshot, like);
    const reader = new MatrixReader(layout);
    await reader.read(cpus);
    memory.text(at('linux_banner'), 'something else');
    await expect(reader.read(cpus)).rejects.toThrow('was booted again');
    await expect(reader.read(cpus)).rejects.toThrow(/no CPU has the kernel's banner/);
    memory.text(at('linux_banner'), 'Linux version 6');
    expect(await reader.read(cpus)).toMatchObject({ onlineMaps: 2 });
  });

  it.each<[string, (machine: MadeMachine) => void, RegExp]>([
    [
      'symbols of another boot',
      ({ layout: { symbols } }) => {
        symbols.linux_banner += 0x100n;
      },
      /no CPU has/,
    ],
    [
      'a wrong symbol',
      ({ layout: { symbols } }) => {
        symbols.vector_matrix += 64n;
      },
      /nothing is mapped at 0x0/,
    ],
    [
      'a pointer to something else',
      ({ memory, at }) => memory.number(at('vector_matrix'), 0xffff_8a00_0020_0004n),
      /vector_matrix has matrix_bits = 32, not 256/,
    ],
    [
      'a wrong offset: the first vector',
      ({ layout: { matrix } }) => {
        matrix.totals.allocStart.offset = 8;
      },
      /alloc_start = 236, not 32/,
    ],
    [
      'a wrong offset: the online maps',
      ({ layout: { matrix } }) => {
        matrix.totals.onlineMaps.offset = 8;
      },
      /online_maps = 236, with 3 possible CPUs/,
    ],
    [
      'a slot that leads nowhere',
      ({ memory }) => memory.number(0x1002_0000 + 8 * 40, 0x1234),
      /nothing is mapped at 0x1234/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(read(change)).rejects.toMatchObject({
      code: 'KERNEL_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });
});
