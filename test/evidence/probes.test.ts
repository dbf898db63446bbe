import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matrixProbes, matrixProbesWord } from '../../src/evidence/ftrace/probes.ts';
import { readVectorText } from '../../src/evidence/ftrace/vectors.ts';

const head = '     migration/3-38      [003] d..3.    16.417733: matrix_probe_';

describe('probes on the matrix', () => {
  test('definitions: one word of each mask for every 64 CPUs', () => {
    expect(matrixProbes(4)[0]).toBe(
      'p:vflab_matrix/matrix_probe_alloc irq_matrix_alloc reserved=%dx:u8 mask=+0(%si):x64 online=@__cpu_online_mask:x64 cpus=@nr_cpu_ids:u32',
    );
    expect(matrixProbes(80)[1]).toBe(
      'p:vflab_matrix/matrix_probe_alloc_managed irq_matrix_alloc_managed mask=+0(%si):x64 mask1=+8(%si):x64 online=@__cpu_online_mask:x64 online1=@__cpu_online_mask+8:x64 cpus=@nr_cpu_ids:u32',
    );
    // The command line is 2048 characters on x86 (COMMAND_LINE_SIZE).
    expect(matrixProbesWord(80).length).toBeLessThan(1400);
    expect(matrixProbesWord(80)).not.toMatch(/\s/);
  });

  // As 6.12 wrote them.
  test.each([
    [
      'alloc: (irq_matrix_alloc+0x4/0x140) reserved=1 mask=0xf online=0x7 cpus=4',
      { call: 'alloc', executing: 3, reserved: true, mask: [15, 0], online: [7, 0], cpus: 4 },
    ],
    [
      'alloc_managed: (irq_matrix_alloc_managed+0x4/0x160) mask=0xffffffff00000001 mask1=0x8000 online=0x1 online1=0x2 cpus=80',
      {
        call: 'alloc_managed',
        executing: 3,
        mask: [1, 0xffffffff, 0x8000, 0],
        online: [1, 0, 2, 0],
        cpus: 80,
      },
    ],
    [
      'free: (irq_matrix_free+0x4/0xe0) cpu=3 bit=37 managed=0 online=0x7 cpus=4',
      { call: 'free', executing: 3, cpu: 3, bit: 37, managed: false, online: [7, 0], cpus: 4 },
    ],
    [
      'offline: (irq_matrix_offline+0x4/0x80) online=0x7 cpus=4',
      { call: 'offline', executing: 3, online: [7, 0], cpus: 4 },
    ],
    // A recorder that set less.
    ['alloc: (irq_matrix_alloc+0x0/0x140) mask=0x3', { call: 'alloc', executing: 3, mask: [3, 0] }],
  ])('%s', (text, event) => {
    expect(readVectorText(head + text)).toEqual({ type: 'probe', event });
  });

  test.each([
    'alloc: (irq_matrix_alloc+0x4/0x140) reserved=1 mask=0x',
    'alloc: (irq_matrix_alloc+0x4/0x140) reserved=1',
    'alloc: (irq_matrix_alloc+0x4/0x140) mask=(fault)',
    'alloc: (irq_matrix_alloc+0x4/0x140) mask=0x1 mask2=0x1',
    'free: (irq_matrix_free+0x4/0xe0) cpu=3 bit=37',
    'of_another_kind: (f+0x4/0xe0) mask=0x1',
  ])('cut or garbled: %s', (text) => {
    expect(readVectorText(head + text)?.type).toBe('unreadable');
  });

  test('any text: never throws', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        readVectorText(`${head}alloc: (f+0x4/0xe0) mask=0x1${text}`);
        readVectorText(head + text);
      }),
    );
  });
});
