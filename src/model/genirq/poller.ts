/**
 * What is left of a line that the spurious detector switched off: a timer calls its handlers, all of them, again and
 * again. Source: kernel/irq/spurious.c note_interrupt() and poll_spurious_irqs(), POLL_SPURIOUS_IRQ_INTERVAL; the same
 * in 6.1 and 6.12. The poll is not counted in /proc/interrupts: kstat_incr_irqs_this_cpu() is the flow handler's.
 */

/** CONFIG_HZ of Debian's kernels for amd64. */
export const debianHz = 250;

/** Values of CONFIG_HZ that kernel/Kconfig.hz offers: which of them a kernel was built with is not always known. */
const hzOffered = [100, 250, 300, 1000] as const;

/**
 * Milliseconds from one poll to the next: HZ/10 jiffies, and one more, because a timer never fires early and the wheel
 * rounds up (kernel/time/timer.c, calc_index()).
 */
export function pollPeriodMs(hz: number): number {
  return ((Math.floor(hz / 10) + 1) * 1000) / hz;
}

/** The shortest that it can be, whatever HZ is. */
export const shortestPollMs = Math.min(...hzOffered.map(pollPeriodMs));

/**
 * Requests a second of a device whose only interrupt is the poll, one request at a time: the next one is made when the
 * answer to the last was found, and its own is found at the next poll.
 */
export function polledRate(hz: number): number {
  return 1000 / pollPeriodMs(hz);
}

/** Seconds that so many requests take at least. The first may be in time for a poll that was due anyhow. */
export function leastPolledSeconds(requests: number, periodMs = shortestPollMs): number {
  return (Math.max(0, requests - 1) * periodMs) / 1000;
}
