import { describe, expect, test } from 'vitest';
import { type MatrixSnapshot, parseMatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';

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
  systemMap: [0, 32, 50, 128],
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
      managedMap: [33, 34, 35],
    },
    {
      cpu: 2,
      available: 0,
      allocated: 0,
      managed: 0,
      managedAllocated: 0,
      initialized: false,
      online: false,
      allocMap: [],
      managedMap: [],
    },
  ],
  memory: { maps: '0x2ff20', scratchMap: ['0x0'], systemMap: ['0xffffffffffffffff'] },
};

test('what was written is read back', () => {
  expect(parseMatrixSnapshot(JSON.stringify(snapshot, null, 2))).toEqual({ ok: true, snapshot });
});

describe('what is no snapshot', () => {
  const [cpu] = snapshot.cpus;
  test.each([
    ['', /JSON/],
    ['[]', /^the snapshot is not an object$/],
    ['{}', /^matrixBits is not a whole number from 0$/],
    [{ ...snapshot, globalAvailable: -1 }, /^globalAvailable is not/],
    [{ ...snapshot, systemMap: [3, 3] }, /^systemMap does not ascend$/],
    [{ ...snapshot, cpus: [cpu, cpu] }, /^cpus\[1\]\.cpu is not above/],
    [{ ...snapshot, cpus: [{ ...cpu, online: 1 }] }, /^cpus\[0\]\.online is not/],
    [{ ...snapshot, cpus: [{ ...cpu, managedMap: null }] }, /^cpus\[0\]\.managedMap is not a list$/],
    [{ ...snapshot, memory: { maps: 3 } }, /^memory\.maps is not like/],
    [{ ...snapshot, memory: { maps: '0x1', scratchMap: [], systemMap: '7' } }, /^memory\.systemMap/],
  ])('%s', (json, problem) => {
    const result = parseMatrixSnapshot(typeof json === 'string' ? json : JSON.stringify(json));
    expect(result).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
  });
});
