import { expect, it } from 'vitest';
import type { MatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';
import { bitRanges, matrixText } from '../../src/report/matrix-text.ts';

const snapshot: MatrixSnapshot = {
  matrixBits: 256,
  allocStart: 32,
  allocEnd: 236,
  allocSize: 204,
  globalAvailable: 197,
  globalReserved: 14,
  systembitsInAlloc: 3,
  totalAllocated: 2,
  onlineMaps: 1,
  systemMap: [0, 1, 32, 50, 128, 255],
  cpus: [
    {
      cpu: 0,
      available: 197,
      allocated: 2,
      managed: 3,
      managedAllocated: 1,
      initialized: true,
      online: true,
      allocMap: [33, 48],
      managedMap: [33, 34, 36],
      slots: [
        { vector: 33, holds: 'irq', irq: 26, actions: ['virtio0-req.0'] },
        { vector: 49, holds: 'shutdown' },
        { vector: 50, holds: 'irq', irq: 2, actions: [] },
        { vector: 51, holds: 'irq', irq: 16, actions: ['PCIe PME', 'evil\u001b[31m\nname'] },
      ],
    },
    {
      cpu: 1,
      available: 0,
      allocated: 0,
      managed: 3,
      managedAllocated: 0,
      initialized: false,
      online: false,
      allocMap: [],
      managedMap: [33, 34, 36],
      slots: [],
    },
  ],
};

it('as crash prints it, with the account of every CPU', () => {
  const memory = {
    maps: '0x2ff20',
    scratchMap: ['0xffffffff00000000', '0x0', '0x0', '0xffff'],
    systemMap: ['0x4000100000003', '0x0', '0x1', '0x8000000000000000'],
  };
  expect(matrixText({ ...snapshot, memory })).toMatchInlineSnapshot(`
    "p *vector_matrix
    $1 = {
      matrix_bits = 256,
      alloc_start = 32,
      alloc_end = 236,
      alloc_size = 204,
      global_available = 197,
      global_reserved = 14,
      systembits_inalloc = 3,
      total_allocated = 2,
      online_maps = 1,
      maps = 0x2ff20,
      scratch_map = {18446744069414584320, 0, 0, 65535},
      system_map = {1125904201809923, 0, 1, 9223372036854775808}
    }

    CPU  state         available  allocated  managed  of them used  alloc_map  managed_map
      0  online              197          2        3             1  33,48      33-34,36
      1  never online          0          0        3             0  -          33-34,36

    system vectors within 32..235: 32,50,128

    vector_irq of CPU 0
      33  0x21  irq 26  virtio0-req.0
      49  0x31  VECTOR_SHUTDOWN
      50  0x32  irq 2
      51  0x33  irq 16  PCIe PME, evil name
    "
  `);
});

it('Linux 6.12: a pointer and a flexible array, by their addresses and in its order', () => {
  const memory = { maps: '0x3b9b0', scratchMap: '0xffff8880042865b8', systemMap: '0xffff8880042865d8' };
  expect(matrixText({ ...snapshot, memory })).toContain(
    '  maps = 0x3b9b0,\n  system_map = 0xffff8880042865d8,\n  scratch_map = 0xffff8880042865b8\n}',
  );
});

it('a snapshot that was not read from memory has the words of its system map', () => {
  expect(matrixText(snapshot)).toContain(
    '  online_maps = 1,\n  system_map = {1125904201809923, 0, 1, 9223372036854775808}\n}',
  );
});

it('bits as ranges', () => {
  expect([[], [7], [1, 2, 3, 5, 7, 8]].map(bitRanges)).toEqual(['-', '7', '1-3,5,7-8']);
});
