/**
 * Instructions of a function found by what they do, so that a schedule names no offset of one build: accesses to a
 * per-CPU variable (a `gs` prefix and the variable's address as displacement) and direct calls. Bytes are compared
 * whole, opcode, addressing form and target, so nothing else in the function can look like one (Intel SDM volume 2,
 * chapter 2 "Instruction Format").
 */

export interface Found {
  /** From the start of the function. */
  offset: number;
}

const gs = 0x65;
const isRex = (byte: number | undefined) => byte !== undefined && byte >= 0x40 && byte <= 0x4f;

/** Opcodes that only read memory, and those that write it; the number of bytes of their immediate operand. */
const reads = new Map([
  [0x8b, 0],
  [0x3b, 0],
  [0x39, 0],
]);
const writes = new Map([
  [0x89, 0],
  [0x87, 0],
  [0xc7, 4],
]);

/** `code` is the whole function, `base` its address; `variable` the variable's as kallsyms has it. */
export function perCpuAccesses(
  code: Uint8Array,
  base: bigint,
  variable: bigint,
  kind: 'reads' | 'writes',
): Found[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const opcodes = kind === 'reads' ? reads : writes;
  const found: Found[] = [];
  for (let start = 0; start < code.length; start += 1) {
    if (code[start] !== gs) continue;
    const opcode = start + (isRex(code[start + 1]) ? 2 : 1);
    const immediate = opcodes.get(code[opcode]!);
    const modrm = code[opcode + 1];
    if (immediate === undefined || modrm === undefined) continue;
    const [mod, rm] = [modrm >> 6, modrm & 7];
    const at = opcode + 2 + (rm === 4 ? 1 : 0);
    if (at + 4 + immediate > code.length) continue;
    const displacement = view.getInt32(at, true);
    const noBase = mod === 0 && rm === 4 && (code[opcode + 2]! & 7) === 5;
    const relative = mod === 0 && rm === 5;
    // Relative to the next instruction: kernels whose per-CPU symbols are addresses of the image (6.15).
    const target = relative ? base + BigInt(at + 4 + immediate + displacement) : BigInt(displacement);
    if ((noBase || relative || mod === 2) && sameAddress(target, variable)) found.push({ offset: start });
  }
  return found;
}

/** Displacements are 32 bits, sign-extended. */
function sameAddress(a: bigint, b: bigint): boolean {
  return BigInt.asUintN(64, a) === BigInt.asUintN(64, b);
}

/** Direct calls (and tail calls) of `target`. */
export function callsOf(code: Uint8Array, base: bigint, target: bigint): Found[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: Found[] = [];
  for (let offset = 0; offset + 5 <= code.length; offset += 1) {
    if (code[offset] !== 0xe8 && code[offset] !== 0xe9) continue;
    if (sameAddress(base + BigInt(offset + 5 + view.getInt32(offset + 1, true)), target))
      found.push({ offset });
  }
  return found;
}
