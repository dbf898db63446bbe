/** The BTF reader against bpftool's reading of the same bytes, and against bytes that are none. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Btf, BtfError } from '../../src/introspect/btf/btf.ts';
import { fieldOf, fieldValue, sizeOf, variablesOf } from '../../src/introspect/btf/layout.ts';
import { btfDump } from './btf-dump.ts';

const folder = join(import.meta.dirname, '../fixtures/btf');
const bytes = new Uint8Array(readFileSync(join(folder, 'sample.btf')));
const btf = new Btf(bytes);
const sample = btf.find('struct', 'sample')!;

describe('sample.c', () => {
  it('is read as bpftool reads it', () => {
    expect(btfDump(btf)).toBe(readFileSync(join(folder, 'sample.txt'), 'utf8'));
  });

  // offsetof() and sizeof(), from sample.c.
  it.each([
    ['first', 0, 8],
    ['named.value', 12, 4],
    ['raw', 8, 8],
    ['hidden', 16, 8],
    ['table', 40, 48],
    ['small', 88, 4],
    ['real', 104, 8],
    ['count', 120, 4],
    ['flexible', 128, 0],
  ])('%s is at %i, with %i bytes', (path, offset, size) => {
    expect(fieldOf(btf, sample, path)).toMatchObject({ offset, size });
    expect(fieldOf(btf, sample, path)?.bits).toBeUndefined();
  });

  it('bit fields: their bits, out of any byte', () => {
    const struct = Buffer.alloc(128);
    // bits.low = 5, bits.high = 0xabc, bits.flag = 1, bits.across = 0x12_3456_789a
    struct.writeBigUInt64LE(5n | (0xabcn << 8n) | (1n << 20n) | (0x123456789an << 21n), 24);
    const value = (path: string) => fieldValue(struct, 0, fieldOf(btf, sample, path)!);
    expect(['bits.low', 'bits.high', 'bits.flag', 'bits.across'].map(value)).toEqual([
      5n,
      0xabcn,
      1n,
      0x123456789an,
    ]);
  });

  it('what is not there is undefined, what is beyond the bytes an error', () => {
    expect(fieldOf(btf, sample, 'named.missing')).toBeUndefined();
    expect(btf.find('struct', 'wide')).toBeUndefined();
    expect(btf.find('union', 'sample')).toBeUndefined();
    expect(() => fieldValue(new Uint8Array(10), 8, fieldOf(btf, sample, 'first')!)).toThrow(RangeError);
    expect(() => fieldOf(btf, sample, 'count.x')).toThrow('is no struct but int');
  });

  it('per-CPU variables', () => {
    expect([...variablesOf(btf, '.data..percpu')]).toEqual([
      ['per_cpu_inner', expect.objectContaining({ offset: 0, size: 8 })],
      ['per_cpu_counter', expect.objectContaining({ offset: 32, size: 32 })],
    ]);
    expect(variablesOf(btf, '.bss').size).toBe(0);
    expect(sizeOf(btf, sample)).toBe(128);
  });
});

describe('what is no BTF', () => {
  const changed = (offset: number, value: number) => {
    const copy = bytes.slice();
    copy[offset] = value;
    return copy;
  };
  it.each([
    ['nothing', new Uint8Array(), /does not begin/],
    ['an ELF file', new TextEncoder().encode('\x7fELF and more than twenty-four bytes'), /does not begin/],
    ['another version', changed(2, 9), /version 9/],
    ['a cut file', bytes.subarray(0, 700), /is cut: 700 bytes/],
    ['an unknown kind', changed(24 + 7, 30), /type 1 is of kind 30/],
  ])('%s', (_, content, message) => {
    expect(() => new Btf(content)).toThrow(message);
    expect(() => new Btf(content)).toThrow(BtfError);
  });

  it('any byte changed anywhere: read, or a BtfError, and never a hang', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
        const copy = bytes.slice();
        for (const [offset, value] of changes) copy[offset] = value;
        try {
          const damaged = new Btf(copy);
          btfDump(damaged);
          for (let id = 1; id <= damaged.lastId; id += 1) {
            if (['struct', 'union'].includes(damaged.type(id).kind)) fieldOf(damaged, id, 'named.value');
            sizeOf(damaged, id);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BtfError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
