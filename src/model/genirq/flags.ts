/** `IRQF_*` of include/linux/interrupt.h; their values are the same from 4.18 to 7.2. */
export const irqf = {
  TRIGGER_RISING: 0x1,
  TRIGGER_FALLING: 0x2,
  TRIGGER_HIGH: 0x4,
  TRIGGER_LOW: 0x8,
  SHARED: 0x80,
  PROBE_SHARED: 0x100,
  TIMER: 0x200,
  PERCPU: 0x400,
  NOBALANCING: 0x800,
  IRQPOLL: 0x1000,
  ONESHOT: 0x2000,
  NO_SUSPEND: 0x4000,
  FORCE_RESUME: 0x8000,
  NO_THREAD: 0x10000,
  EARLY_RESUME: 0x20000,
  COND_SUSPEND: 0x40000,
  /** ≥ 5.13 */
  NO_AUTOEN: 0x80000,
  /** ≥ 5.15 */
  NO_DEBUG: 0x100000,
  /** ≥ 6.9 */
  COND_ONESHOT: 0x200000,
} as const;

export const triggerMask = 0xf;

/** Flags of the PIT's or HPET's irq 0. arch/x86/kernel/time.c: setup_default_timer_irq(). */
export const timerFlags = irqf.NO_THREAD | irqf.NO_SUSPEND | irqf.IRQPOLL | irqf.NOBALANCING | irqf.TIMER;

/** `SHARED | ONESHOT`; `0` for none, unknown bits in hexadecimal. */
export function flagNames(flags: number): string {
  let rest = flags;
  const names: string[] = [];
  for (const [name, bit] of Object.entries(irqf)) {
    if ((flags & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(`0x${(rest >>> 0).toString(16)}`);
  return names.length === 0 ? '0' : names.join(' | ');
}
