/**
 * Which register is where in the answer to `g`: from the stub's own target description (GDB manual, "Target
 * Description Format"). Registers come in order of their numbers, each as its bytes in the target's order.
 */

export interface RegisterPlace {
  /** In bytes. */
  offset: number;
  size: number;
}

/** Documents that a target description includes, as `<xi:include href="i386-64bit.xml"/>`. */
export function includedDocuments(xml: string): string[] {
  return [...xml.matchAll(/<xi:include\s{1,20}href="([^"<>]{1,200})"/g)].map(([, href]) => href!);
}

/** The registers of these documents, by name. */
export function registerPlaces(documents: readonly string[]): Map<string, RegisterPlace> {
  const registers: { name: string; number: number; size: number }[] = [];
  let next = 0;
  for (const xml of documents) {
    // QEMU's has registers that are commented out.
    for (const [, attributes] of xml.replace(/<!--[\s\S]*?-->/g, '').matchAll(/<reg\s([^<>]{1,500})>/g)) {
      const value = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes!)?.[1];
      const number = Number(value('regnum') ?? next);
      next = number + 1;
      registers.push({ name: value('name') ?? '', number, size: Number(value('bitsize')) / 8 });
    }
  }
  const places = new Map<string, RegisterPlace>();
  let offset = 0;
  for (const { name, size } of registers.toSorted((a, b) => a.number - b.number)) {
    places.set(name, { offset, size });
    offset += size;
  }
  return places;
}

/** The values in an answer to `g`, little-endian; a register that the answer does not reach is left out. */
export function readRegisters(
  places: ReadonlyMap<string, RegisterPlace>,
  bytes: Uint8Array,
): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const [name, { offset, size }] of places) {
    if (size > 8 || offset + size > bytes.length) continue;
    values.set(
      name,
      bytes.subarray(offset, offset + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
    );
  }
  return values;
}
