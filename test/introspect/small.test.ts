import fc from 'fast-check';
import { expect, it } from 'vitest';
import { elfSection } from '../../src/introspect/elf.ts';
import { parseKallsyms } from '../../src/introspect/kallsyms.ts';

it('kallsyms: the first of a name, none of a module, no line that is none', () => {
  const text =
    'ffffffff83781448 b vector_matrix\r\n0000000000020000 A vector_irq\n' +
    'ffffffff83781450 b vector_matrix\nffffffffc0402000 t vp_reset\t[virtio_pci]\nffff x y\nnot a line\n';
  expect([...parseKallsyms(text)]).toEqual([
    ['vector_matrix', 0xffffffff83781448n],
    ['vector_irq', 0x20000n],
  ]);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (any) => void parseKallsyms(any)));
});

/** An ELF file with one section beside the names'. */
function elf(name: string, content: string): Uint8Array {
  const names = `\0${name}\0`;
  const file = Buffer.alloc(64 + 3 * 64 + names.length + content.length);
  file.write('\x7fELF\x02\x01', 'latin1');
  file.writeBigUInt64LE(64n, 0x28);
  file.writeUInt16LE(64, 0x3a);
  file.writeUInt16LE(3, 0x3c);
  file.writeUInt16LE(2, 0x3e);
  const section = (index: number, nameAt: number, offset: number, size: number) => {
    file.writeUInt32LE(nameAt, 64 + 64 * index);
    file.writeBigUInt64LE(BigInt(offset), 64 + 64 * index + 0x18);
    file.writeBigUInt64LE(BigInt(size), 64 + 64 * index + 0x20);
  };
  section(1, 1, 256 + names.length, content.length);
  section(2, 0, 256, names.length);
  file.write(names + content, 256, 'latin1');
  return new Uint8Array(file);
}

it('a section of an ELF file', () => {
  const file = elf('.BTF', 'the types');
  expect(Buffer.from(elfSection(file, '.BTF')!).toString()).toBe('the types');
  expect(elfSection(file, '.BT')).toBeUndefined();
  expect(elfSection(file, '.BTF.ext')).toBeUndefined();
  expect(elfSection(file.subarray(0, 270), '.BTF')).toBeUndefined();
  expect(elfSection(new TextEncoder().encode('MZ a bzImage'), '.BTF')).toBeUndefined();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255))), (changes) => {
      const damaged = file.slice();
      for (const [at, value] of changes) damaged[at] = value;
      elfSection(damaged, '.BTF');
    }),
  );
});
