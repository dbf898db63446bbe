/** Instructions found by what they do, in bytes as compilers make them. */
import { expect, it } from 'vitest';
import { callsOf, perCpuAccesses } from '../../src/director/instructions.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const vectorIrq = 0x1efa0n;

it('the read and the write of a per-CPU array, as gcc 12 makes them', () => {
  const code = bytes(
    [
      '0f 1f 44 00 00', // nop, where ftrace calls
      '65 48 8b 2c c5 a0 ef 01 00', // mov %gs:0x1efa0(,%rax,8),%rbp
      '48 81 fd 00 f0 ff ff',
      '65 48 c7 04 c5 a0 ef 01 00 00 00 00 00', // movq $0,%gs:0x1efa0(,%rax,8)
      '65 48 8b 04 25 28 00 00 00', // mov %gs:0x28,%rax: another variable
      'c3',
    ].join(''),
  );
  expect(perCpuAccesses(code, 0xffffffff81034b00n, vectorIrq, 'reads')).toEqual([{ offset: 5 }]);
  expect(perCpuAccesses(code, 0xffffffff81034b00n, vectorIrq, 'writes')).toEqual([{ offset: 21 }]);
  expect(perCpuAccesses(code, 0xffffffff81034b00n, 0x1efa8n, 'reads')).toEqual([]);
});

it('with a base register, without an index, and relative to the instruction', () => {
  const variable = 0xffffffff82000010n;
  // mov %rbx,%gs:-0x7dfffff0(%rdx)
  expect(perCpuAccesses(bytes('65 48 89 9a 10 00 00 82'), 0n, variable, 'writes')).toHaveLength(1);
  // mov %gs:…(%rip),%eax of 7 bytes at …1000: the displacement is from its end.
  expect(perCpuAccesses(bytes('65 8b 05 09 f0 ff ff'), 0xffffffff82001000n, variable, 'reads')).toHaveLength(
    1,
  );
  expect(perCpuAccesses(bytes('65 8b 05 08 f0 ff ff'), 0xffffffff82001000n, variable, 'reads')).toEqual([]);
});

it('calls, by their target', () => {
  const code = bytes('90 e8 0a 00 00 00 e9 05 00 00 00 e8 00 00 00 00');
  expect(callsOf(code, 0x1000n, 0x1010n)).toEqual([{ offset: 1 }, { offset: 6 }, { offset: 11 }]);
  expect(callsOf(code, 0x1000n, 0x1011n)).toEqual([]);
});

it('code that is cut ends the search, whatever it ends with', () => {
  const whole = bytes('65 48 c7 04 c5 a0 ef 01 00 00 00 00 00 e8 00 00 00 00');
  for (let length = 0; length < 13; length += 1) {
    expect(perCpuAccesses(whole.subarray(0, length), 0n, vectorIrq, 'writes')).toEqual([]);
    expect(callsOf(whole.subarray(13, 13 + Math.min(4, length)), 0n, 5n)).toEqual([]);
  }
});
