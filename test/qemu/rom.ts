/**
 * A guest of 64 KiB for tests that need a machine that says something but no kernel: a firmware image that
 * writes a text to COM1 and halts. A PC starts at the last 16 bytes of its firmware, in real mode.
 */
import { writeFile } from 'node:fs/promises';

const size = 0x10000;
const resetVector = 0xfff0;
const textOffset = 0x100;

/** @param then `halt`, or `poweroff` by the ACPI PM1a control register of q35's ICH9 (port 0x604). */
export async function writeRom(
  path: string,
  text: string,
  then: 'halt' | 'poweroff' = 'halt',
): Promise<void> {
  const rom = Buffer.alloc(size);
  const end =
    then === 'halt'
      ? [0xf4, 0xeb, 0xfd] // hlt; jmp back
      : [...setPmBase, 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd]; // mov dx,604; mov ax,2000; out dx,ax
  rom.set(
    [
      ...[0xbe, textOffset & 0xff, textOffset >> 8], // mov si, text
      ...[0x2e, 0xac], // cs lodsb
      ...[0x84, 0xc0, 0x74, 0x06], // test al,al; jz end
      ...[0xba, 0xf8, 0x03, 0xee], // mov dx,3f8; out dx,al
      ...[0xeb, 0xf4], // jmp lodsb
      ...end,
    ],
    0,
  );
  rom.write(`${text}\0`, textOffset, 'latin1');
  rom.set([0xea, 0x00, 0x00, 0x00, 0xf0], resetVector); // jmp f000:0000
  await writeFile(path, rom);
}

/** LPC function (00:1f.0): PMBASE (0x40) = 0x600, ACPI_CNTL (0x44) enables it: what firmware does first. */
const setPmBase = [...configWrite(0x8000f840, 0x601), ...configWrite(0x8000f844, 0x80)];

/** mov eax,address; mov dx,cf8; out dx,eax; mov eax,value; mov dx,cfc; out dx,eax */
function configWrite(address: number, value: number): number[] {
  const dword = (n: number) => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
  return [
    ...[0x66, 0xb8, ...dword(address), 0xba, 0xf8, 0x0c, 0x66, 0xef],
    ...[0x66, 0xb8, ...dword(value), 0xba, 0xfc, 0x0c, 0x66, 0xef],
  ];
}
