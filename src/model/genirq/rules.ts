/** The rules of a line that is switched off, by the ids that findings cite. Source: kernel/irq/{spurious,manage,chip}.c. */
export const genirqRules = {
  'IRQ-TRIP':
    'note_interrupt: a line goes off when its count reaches 100,000 and more than 99,900 were nobody’s; it counts from the first unhandled one, and one that comes over 100 ms after the last unhandled one restarts the unhandled',
  'IRQ-THREADED':
    'note_interrupt: of an interrupt that only woke a thread, the answer is judged when the next one comes, so a threaded line goes off one later',
  'IRQ-POLL':
    'poll_spurious_irqs: a line that was switched off has its handlers called every HZ/10 + 1 jiffies, so a device on it answers at most one request each time',
  'IRQ-MISROUTED':
    'misrouted_irq: with irqfixup or irqpoll the handlers of all other shared lines are tried on an unhandled interrupt; it helps if one of them knows it',
  'IRQ-REARM':
    '__setup_irq: a line that was switched off is enabled again when one more handler is requested on it, and by nothing else',
  'IRQ-SOURCE':
    'PCI Local Bus 3.0, 6.2.3: a function whose Status has the Interrupt bit, and whose Command has not the Interrupt Disable bit, asserts its INTx pin',
} as const;
