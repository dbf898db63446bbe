import { expect, test } from 'vitest';
import { isHalted, parseLocalApic } from '../../src/machine/idle-cpu.ts';

/** As QEMU 10.0.2 says it. */
const lapic = (lvtt: string, current: number, irr: string) => `dumping local APIC state for CPU 1 

LVT0\t 0x00010700 active-hi edge  masked               ExtINT (vec 0)
LVTT\t 0x${lvtt} active-hi edge                one-shot     Fixed  (vec 236)
Timer\t DCR=0x3 (divide by 16) initial_count = 62500 current_count = ${current}
SPIV\t 0x000001ff APIC enabled, focus=off, spurious vec 255
ESR\t 0x00000000
ISR\t (none)
IRR\t ${irr}

APR 0x00 TPR 0x00 DFR 0x0f LDR 0x02PPR 0x00
`;

test('what an idle CPU waits for: an interrupt that is there, or its timer', () => {
  expect(parseLocalApic(lapic('000000ec', 100, '(none)'))).toEqual({ pending: false, timerNs: 1600 });
  expect(parseLocalApic(lapic('000000ec', 0, '236 '))).toEqual({ pending: true });
  expect(parseLocalApic(lapic('000100ec', 100, '(none)'))).toEqual({ pending: false });
  expect(() => parseLocalApic('local apic state not available')).toThrow('not a local APIC');
});

test('whether it halts', () => {
  const registers = (halted: number) =>
    `RIP=ffffffff81a3f1cb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=${halted}\n`;
  expect(isHalted(registers(1))).toBe(true);
  expect(isHalted(registers(0))).toBe(false);
  expect(() => isHalted('')).toThrow('not the registers');
});
