import { describe, expect, test } from 'vitest';
import { parseCodeSymbols } from '../../src/director/symbols.ts';
import { findStops, idleBytes } from '../../src/run/hunt/stops.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('bytes that do nothing at a function’s begin', () => {
  expect(idleBytes(bytes('0f1f440000 55'))).toBe(5);
  expect(idleBytes(bytes('f30f1efa 0f1f440000 55'))).toBe(9);
  expect(idleBytes(bytes('6690 55'))).toBe(2);
  expect(idleBytes(bytes('55 0f1f440000'))).toBe(0);
  expect(idleBytes(bytes(''))).toBe(0);
});

describe('stops of a made kernel', () => {
  const symbols = parseCodeSymbols(`ffffffff81000000 t __common_interrupt
ffffffff81000020 T lock_vector_lock
ffffffff81000040 t __x64_sys_personality
ffffffff81000060 t asm_exc_nmi
ffffffff81000080 t native_irq_return_iret
ffffffff810000a0 t next
0000000000020000 A vector_irq
`);
  const memory = new Uint8Array(0x200);
  // At 8 a call of lock_vector_lock, at 0x0d a store of 0 into gs:vector_irq(,%rbx,8)
  memory.set(bytes('0f1f440000'), 0);
  memory.set(bytes('e813000000'), 8);
  memory.set(bytes('6548c704dd00000200 00000000'), 0x0d);
  memory.set(bytes('48cf'), 0x80);
  const read = async (ranges: readonly { address: bigint; length: number }[]) =>
    ranges.map(({ address, length }) => {
      const at = Number(address - 0xffffffff81000000n);
      return memory.slice(at, at + length);
    });
  const call = { in: '__common_interrupt', calls: 'lock_vector_lock' };
  const store = { in: '__common_interrupt', writes: 'vector_irq' };

  test('entries and instructions; of several, the first that the kernel has', async () => {
    const stops = await findStops({ symbols, read }, ['__common_interrupt', [call, store], store]);
    expect(
      stops.points.map(({ name, address, idleBytes: skip }) => [name, Number(address & 0xffn), skip]),
    ).toEqual([
      ['__common_interrupt', 0, 5],
      ['the call of lock_vector_lock in __common_interrupt', 8, 0],
      ['the write of vector_irq in __common_interrupt', 0x0d, 0],
    ]);
    expect(stops.bounds.name).toBe('__x64_sys_personality');
    expect(stops.alarm).toEqual({ entry: 0xffffffff81000060n, return: 0xffffffff81000080n });
    expect(stops.missing).toEqual([]);
    expect(stops.contended).toBeUndefined();
  });

  test('an alarm that could not be left is refused', async () => {
    const other = async (ranges: Parameters<typeof read>[0]) =>
      (await read(ranges)).map((part) => part.map(() => 0x90));
    await expect(findStops({ symbols, read: other }, [])).rejects.toThrow(
      'native_irq_return_iret is no iretq',
    );
  });

  test('what the kernel does not have is told', async () => {
    const other = { in: '__common_interrupt', calls: 'no_such' };
    const { points, missing } = await findStops({ symbols, read }, ['free_irq', [other, call], other]);
    expect(points.map(({ name }) => name)).toEqual(['the call of lock_vector_lock in __common_interrupt']);
    expect(missing).toEqual(['free_irq', 'the call of no_such in __common_interrupt']);
  });
});
