/**
 * The generic interrupt layer. Sources: kernel/irq/manage.c (__setup_irq, prefix `genirq: `), kernel/irq/spurious.c
 * (__report_bad_irq, note_interrupt and its boot options, no prefix). The wording is the same from 4.18 to 7.2.
 */

export type GenirqFact =
  /** A request refused: it and the line's first action cannot share the line. */
  | {
      kind: 'flags-mismatch';
      irq: number;
      newFlags: number;
      newName: string;
      oldFlags: number;
      oldName: string;
    }
  | { kind: 'nobody-cared'; irq: number }
  /** The list of handlers follows, one line each. */
  | { kind: 'irq-handlers' }
  /** `[<hash>] usb_hcd_irq [usbcore]`: one action of the line that nobody cared for. */
  | { kind: 'irq-handler'; handler: string; module?: string; thread?: string }
  | { kind: 'irq-disabled'; irq: number }
  | { kind: 'bogus-return'; irq: number; value: number }
  | { kind: 'spurious-option'; option: 'irqfixup' | 'irqpoll' | 'noirqdebug' };

// A name is the driver's own and may hold brackets: `vfio-intx(0000:01:00.0)`.
const mismatch =
  /^(?:genirq: )?Flags mismatch irq (\d{1,7})\. ([0-9a-f]{8}) \((.{0,80}?)\) vs\. ([0-9a-f]{8}) \((.{0,80})\)/;
const nobody = /^irq (\d{1,7}): nobody cared/;
const disabling = /^Disabling IRQ #(\d{1,7})/;
const bogus = /^irq event (\d{1,7}): bogus return value ([0-9a-f]{1,8})/;
// The address is hashed or zero, and `(____ptrval____)` or `(ptrval)` before the hash's key is ready.
const pointer = '\\[<[0-9a-fpx()_trval]{4,20}>\\] ';
const symbol = '([A-Za-z_][\\w.]{0,80})(?: \\[([\\w-]{1,40})\\])?';
const handler = new RegExp(`^${pointer}${symbol}(?: threaded ${pointer}${symbol})?\\s*$`);

export function parseGenirq(message: string): GenirqFact | undefined {
  let m = mismatch.exec(message);
  if (m) {
    return {
      kind: 'flags-mismatch',
      irq: Number(m[1]),
      newFlags: Number.parseInt(m[2]!, 16),
      newName: m[3]!,
      oldFlags: Number.parseInt(m[4]!, 16),
      oldName: m[5]!,
    };
  }
  m = nobody.exec(message);
  if (m) return { kind: 'nobody-cared', irq: Number(m[1]) };
  if (/^handlers:\s*$/.test(message)) return { kind: 'irq-handlers' };
  m = handler.exec(message);
  if (m) {
    const fact: GenirqFact = { kind: 'irq-handler', handler: m[1]! };
    if (m[2] !== undefined) fact.module = m[2];
    if (m[3] !== undefined) fact.thread = m[3];
    return fact;
  }
  m = disabling.exec(message);
  if (m) return { kind: 'irq-disabled', irq: Number(m[1]) };
  m = bogus.exec(message);
  if (m) return { kind: 'bogus-return', irq: Number(m[1]), value: Number.parseInt(m[2]!, 16) };
  if (/^Misrouted IRQ fixup and polling support enabled/.test(message))
    return { kind: 'spurious-option', option: 'irqpoll' };
  if (/^Misrouted IRQ fixup support enabled/.test(message))
    return { kind: 'spurious-option', option: 'irqfixup' };
  if (/^IRQ lockup detection disabled/.test(message))
    return { kind: 'spurious-option', option: 'noirqdebug' };
  return undefined;
}
