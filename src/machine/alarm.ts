/**
 * A clock and an alarm in the machine's own time, for whoever holds its CPUs: a CPU that is let go stands still again
 * at an instruction that its time determines, even one that spins with interrupts off.
 *
 * The stub has nothing of the kind: it stops at instructions, or when it is asked, which is at a moment of the real
 * clock. So a timer of the HPET that Linux leaves alone (the third) sends the CPU an NMI, as a message (hw/timer/hpet.c,
 * update_irq(); under icount its timers run between two instructions of the CPU: accel/tcg/tcg-accel-ops-rr.c). The
 * breakpoint is at the NMI's entry, where all that has happened is the frame on the stack: with an `iretq` in place of
 * the handler the CPU goes on where it was, and the kernel has not seen anything.
 */
import type { HeldCpus } from './gdb/held-cpus.ts';

/** Where a CPU enters that takes an NMI (arch/x86/entry/entry_64.S). */
export const alarmFunction = 'asm_exc_nmi';
/** A label in the kernel's text: an `iretq`, in the part that is mapped while a program runs, too. */
export const alarmReturn = 'native_irq_return_iret';
export const alarmFunctions: readonly string[] = [alarmFunction, alarmReturn];
/** `iretq` (Intel SDM 2A, "IRET"). */
export const iretq = [0x48, 0xcf];

/** IA-PC HPET Specification 1.0a, 2.3; QEMU's is always there, at 100 MHz (include/hw/timer/hpet.h). */
const hpet = { config: 0xfed0_0010, counter: 0xfed0_00f0, timer2: 0xfed0_0140 };
const tickNs = 10;
const enable = 1;
/** Enabled, its interrupt by message; 64 bits, once. */
const timerConfig = 0x4004;
/** Of a message (Intel SDM 3A, "Message Signalled Interrupts"): NMI. */
const deliverNmi = 0x400;
const messageAddress = 0xfee0_0000;

type Memory = Pick<HeldCpus, 'readPhysical' | 'writePhysical'>;

/** Once for a machine, before a snapshot: its state has it. */
export async function prepareAlarm(memory: Memory): Promise<void> {
  const [config] = await memory.readPhysical([{ address: hpet.config, length: 4 }]);
  const on = Buffer.from(config!);
  on.writeUInt32LE((on.readUInt32LE() | enable) >>> 0);
  await memory.writePhysical(hpet.config, on);
  // Far away, before it is enabled: as it is after a reset it would go off at once.
  await memory.writePhysical(hpet.timer2 + 8, comparator(1n << 62n));
  const timer = Buffer.alloc(4);
  timer.writeUInt32LE(timerConfig);
  await memory.writePhysical(hpet.timer2, timer);
}

/** Nanoseconds of the machine's time. */
export async function machineTime(memory: Memory): Promise<number> {
  const [counter] = await memory.readPhysical([{ address: hpet.counter, length: 8 }]);
  return Number(Buffer.from(counter!).readBigUInt64LE()) * tickNs;
}

/** Instead of any other alarm: this CPU stands at {@link alarmFunction} when the machine's time is so late. */
export async function setAlarm(memory: Memory, cpu: number, atNs: number): Promise<void> {
  const message = Buffer.alloc(8);
  message.writeUInt32LE(deliverNmi);
  // The id of its local APIC: QEMU numbers them as its CPUs where there is one socket.
  message.writeUInt32LE(messageAddress + cpu * 0x1000, 4);
  await memory.writePhysical(
    hpet.timer2 + 8,
    Buffer.concat([comparator(BigInt(Math.ceil(atNs / tickNs))), message]),
  );
}

function comparator(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
