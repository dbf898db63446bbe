/**
 * An interrupt line that the spurious detector switched off (kernel/irq/spurious.c). The listed handlers are those
 * that share the line: innocent as a rule. A boot interrupt is the classic cause: while a device's IO-APIC entry is
 * masked (by a threaded, one-shot handler), the chipset sends its INTx to the legacy line instead, where nobody
 * waits for it (Documentation/PCI/boot-interrupts.rst).
 */
import { judgedAt, toleratedUnhandled } from '../../model/genirq/spurious.ts';
import type { Casebook } from '../casebook.ts';
import { stormLab } from '../labs/storm.ts';
import { machineOf } from '../machine.ts';
import { prove } from '../proof.ts';
import type { Confidence, Finding } from '../types.ts';

export function nobodyCared(book: Casebook): Finding | undefined {
  const cared = book.of('nobody-cared');
  const disabled = book.of('irq-disabled');
  const irq = cared[0]?.irq ?? disabled[0]?.irq;
  if (irq === undefined) return undefined;
  const handlers = book.of('irq-handler');
  const names = [...new Set(handlers.map(({ handler, thread }) => thread ?? handler))].slice(0, 4);
  const release = machineOf(book).release;
  const running = book.of('stack-head').filter((head) => /^irq\/\d+-/.test(head.comm));
  const other = running.find((head) => Number(/^irq\/(\d+)-/.exec(head.comm)![1]) !== irq);
  const threaded =
    other !== undefined || handlers.some((one) => one.thread !== undefined) || /-rt\d/.test(release ?? '');
  const { confidence, because } = weigh(other?.comm, threaded, cared.length > 0);
  const suspect = other ? `the device of ${other.comm}, whose thread was running` : 'another device';
  const cause = threaded
    ? `irq ${irq} was flooded by interrupts of ${suspect}: a boot interrupt. The handlers listed for irq ${irq} only share the line.`
    : `irq ${irq} was flooded by interrupts that none of its handlers knows, so the kernel switched it off for all of them.`;
  return {
    explains: ['nobody-cared', 'irq-disabled', 'irq-handlers', 'irq-handler', 'bogus-return'],
    diagnosis: {
      id: 'irq-nobody-cared',
      cause,
      confidence,
      because,
      story: [
        threaded
          ? 'With threaded interrupts a line stays masked at its IO-APIC until the thread is done. The device goes on asserting INTx.'
          : 'A level interrupt that nobody acknowledges at the device comes again at once.',
        ...(threaded
          ? [
              'Chipsets of many servers then forward that INTx to the legacy interrupt controller, where it appears as another irq, on which its driver has no handler.',
            ]
          : []),
        `The kernel counts: more than ${toleratedUnhandled} of ${judgedAt} interrupts unhandled, each within 100 ms of the last, and the line is switched off. A flood does that within seconds.`,
        names.length > 0
          ? `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} listed because ${names.length === 1 ? 'it has' : 'they have'} a handler on irq ${irq}; ${names.length === 1 ? 'it' : 'they'} said truly “not mine”, and now get${names.length === 1 ? 's' : ''} no interrupts but for a poll every 100 ms.`
          : 'Whoever has a handler on that line now gets no interrupts but for a poll every 100 ms.',
      ],
      proof: [
        ...prove(
          cared,
          (fact) => `irq ${fact.irq}: ${toleratedUnhandled + 1} or more of ${judgedAt} interrupts unhandled`,
        ),
        ...(other
          ? prove([other], `interrupted while the thread of another line, ${other.comm}, was running`)
          : []),
        ...prove(handlers, ({ handler, thread }) => `${thread ?? handler} shares the line`),
        ...prove(disabled, (fact) => `irq ${fact.irq} is off from here on`, 1),
        ...prove(
          book.of('interrupt-row').filter(({ row }) => Number(row.irq) === irq),
          'the line’s users and counts',
          1,
        ),
      ],
      collect: [
        {
          what: `cat /proc/interrupts /proc/irq/${irq}/spurious`,
          why: 'which line counts with it, and how many went unhandled',
        },
        {
          what: 'lspci -vvv (Interrupt: pin … routed to IRQ …, DisINTx, MSI) and the chipset: lspci -nn | head',
          why: 'which devices raise INTx at all, and whether the kernel has a boot-interrupt quirk for this chipset',
        },
        {
          what: 'dmesg | grep -iE "boot interrupt|reroute|ioapic"',
          why: 'whether such a quirk was applied',
        },
      ],
      remedies: [
        {
          what: 'let the flooding device use MSI or MSI-X: then there is no INTx to forward',
          cost: 'its driver has to know how',
        },
        {
          what: 'a kernel with the quirk for this chipset (Xeon: from 5.7 on), or the BIOS option that disables boot interrupts',
          cost: 'an update',
        },
        {
          what: 'without threaded interrupts: no threadirqs on the command line, no PREEMPT_RT; or IRQF_NO_THREAD for that driver',
          cost: 'latency of everything else',
        },
        {
          what: 'pci=ioapicreroute (where the kernel knows the chipset)',
          cost: 'handlers are moved to the legacy line, which more devices then share',
        },
        {
          what: 'irqpoll, as the message proposes',
          cost: `every handler of every shared line is tried on each stray interrupt: slow, it hides the cause, and it does not help where no driver knows the interrupt${threaded ? ', nor where handlers are threads, as here' : ''}`,
        },
      ],
      lab: stormLab(threaded),
    },
  };
}

function weigh(
  otherThread: string | undefined,
  threaded: boolean,
  cared: boolean,
): { confidence: Confidence; because: string } {
  if (!cared)
    return {
      confidence: 'possible',
      because: 'the line was switched off, but what the kernel said before is not in these files',
    };
  if (otherThread !== undefined)
    return {
      confidence: 'likely',
      because: `threaded interrupts, and the thread of another line (${otherThread}) was running at that moment; that the chipset forwarded its INTx is inferred`,
    };
  if (threaded)
    return {
      confidence: 'likely',
      because:
        'threaded interrupts are what makes boot interrupts happen; which device it was is not in these files',
    };
  return {
    confidence: 'possible',
    because:
      'that the line was flooded is certain; by whom is not: a boot interrupt, a device without a driver, or a driver that disowns its own interrupts',
  };
}
