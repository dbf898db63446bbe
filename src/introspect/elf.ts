/** A section of an ELF file (System V ABI, "Object Files"; 64 bits, little-endian), by name. */

/** @returns the section's bytes, undefined if the file is no such ELF or has no such section. Never throws. */
export function elfSection(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // \x7fELF, class 64, little-endian
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0201) return undefined;
  const table = Number(view.getBigUint64(0x28, true));
  const size = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  if (size < 64 || table + size * count > bytes.length) return undefined;
  const section = (index: number) => {
    const at = table + size * index;
    return {
      name: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
    };
  };
  const names = view.getUint16(0x3e, true);
  if (names >= count) return undefined;
  const wanted = new TextEncoder().encode(`${name}\0`);
  const namesAt = section(names).offset;
  for (let index = 0; index < count; index += 1) {
    const { name: nameAt, offset, size: length } = section(index);
    const text = bytes.subarray(namesAt + nameAt, namesAt + nameAt + wanted.length);
    if (text.length === wanted.length && text.every((byte, i) => byte === wanted[i]))
      return offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : undefined;
  }
  return undefined;
}
