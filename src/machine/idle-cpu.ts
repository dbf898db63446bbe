/**
 * Whether a CPU idles, and what it then waits for, by QEMU's accounts of it: `info registers` and `info lapic`
 * (target/i386/cpu-dump.c, x86_cpu_dump_state() and x86_cpu_dump_local_apic_state()). Looking changes nothing.
 */

export interface LocalApic {
  /** An interrupt has arrived and was not taken yet: a bit of IRR is set. */
  pending: boolean;
  /** Until its timer fires, in ns; absent where none is set. */
  timerNs?: number;
}

/** @throws {Error} for a text that is no such account */
export function parseLocalApic(text: string): LocalApic {
  const irr = /^IRR\t +(.*)$/m.exec(text)?.[1];
  // The counter of the APIC's bus counts nanoseconds (hw/intc/apic_common.c: count_shift is the divider's).
  const timer = /^Timer\t .*\(divide by (\d+)\).* current_count = (\d+)$/m.exec(text);
  const lvt = /^LVTT\t (0x[0-9a-f]{8}) /m.exec(text)?.[1];
  if (irr === undefined || !timer || lvt === undefined) throw new Error(`not a local APIC: ${text}`);
  const masked = (Number(lvt) & 0x1_0000) !== 0;
  const timerNs = Number(timer[1]) * Number(timer[2]);
  return { pending: !irr.startsWith('(none)'), ...(masked || timerNs === 0 ? {} : { timerNs }) };
}

/** It stands in `hlt`. @throws {Error} for a text that is no account of registers */
export function isHalted(text: string): boolean {
  const halted = /\bHLT=([01])\b/.exec(text)?.[1];
  if (halted === undefined) throw new Error(`not the registers of a CPU: ${text}`);
  return halted === '1';
}
