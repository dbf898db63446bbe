/** The registers of the HPET that make an alarm (IA-PC HPET Specification 1.0a, 2.3). */
import { expect, test } from 'vitest';
import { machineTime, prepareAlarm, setAlarm } from '../../src/machine/alarm.ts';

function memory() {
  const registers = Buffer.alloc(0x400);
  const writes: number[] = [];
  const base = 0xfed0_0000;
  return {
    registers,
    writes,
    readPhysical: async (ranges: readonly { address: number; length: number }[]) =>
      ranges.map(({ address, length }) => registers.subarray(address - base, address - base + length)),
    writePhysical: async (address: number, bytes: Uint8Array) => {
      writes.push(address - base);
      registers.set(bytes, address - base);
    },
  };
}

test('the third timer is far away before it is enabled, and what Linux has set stays', async () => {
  const hpet = memory();
  hpet.registers.writeUInt32LE(2, 0x10);
  await prepareAlarm(hpet);
  expect(hpet.registers.readUInt32LE(0x10)).toBe(3);
  expect(hpet.writes).toEqual([0x10, 0x148, 0x140]);
  expect(hpet.registers.readUInt32LE(0x140)).toBe(0x4004);
  expect(hpet.registers.readBigUInt64LE(0x148)).toBeGreaterThan(1n << 60n);
});

test('an alarm is a time in ticks of 10 ns and an NMI for one CPU', async () => {
  const hpet = memory();
  hpet.registers.writeBigUInt64LE(12_345n, 0xf0);
  expect(await machineTime(hpet)).toBe(123_450);
  await setAlarm(hpet, 3, 123_455);
  expect(hpet.registers.readBigUInt64LE(0x148)).toBe(12_346n);
  expect(hpet.registers.readUInt32LE(0x150)).toBe(0x400);
  expect(hpet.registers.readUInt32LE(0x154)).toBe(0xfee0_3000);
});
