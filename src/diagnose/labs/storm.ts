/** A lab for a line that was switched off: a disk is the innocent, a card without a driver raises the interrupt. */
import type { LabSketch } from '../types.ts';

/** @param threaded the customer's handlers were threads: PREEMPT_RT or `threadirqs` */
export function stormLab(threaded: boolean): LabSketch {
  return {
    available: true,
    scale: `a virtio disk stands for who shares the line, a card without a driver or a NIC on the wrong line for who raised it${threaded ? '; every handler is a thread, as there' : ''}. Emulated chipsets forward no boot interrupts by themselves: what is reproduced is a NIC’s INTx on a line where its driver does not listen`,
    lab: {
      title: 'Nobody cares for an interrupt, and its line is switched off',
      failure: 'irq-nobody-cared',
      host: {
        memoryMiB: 1024,
        iommu: 'none',
        devices: {
          disk0: { kind: 'virtio-blk', slot: 5, vectors: 0 },
          card0: { kind: 'edu', slot: 9 },
          nic0: { kind: 'e1000', slot: 25 },
        },
        ...(threaded ? { cmdline: ['threadirqs'] } : {}),
      },
      faults: {
        stuck: { kind: 'intx-storm', source: 'card0' },
        misrouted: { kind: 'intx-storm', source: 'nic0', onto: 'disk0' },
      },
      remedies: {
        irqpoll: { host: { cmdline: ['irqpoll'] } },
        'message-signalled': { host: { devices: { disk0: { vectors: 2 } } } },
      },
      variants: {
        storm: { title: 'the failure itself', faults: ['stuck'], expect: { verdict: 'reproduced' } },
        misrouted: { faults: ['misrouted'], expect: { verdict: 'reproduced' } },
        irqpoll: {
          faults: ['misrouted'],
          remedy: 'irqpoll',
          // try_one_irq() (kernel/irq/spurious.c) asks for IRQ_HANDLED, and a thread's primary handler says IRQ_WAKE_THREAD.
          expect: threaded
            ? { verdict: 'reproduced', remedy: 'no-effect' }
            : { verdict: 'clean', remedy: 'prevented' },
        },
        'message-signalled': {
          faults: ['stuck'],
          remedy: 'message-signalled',
          expect: { verdict: 'clean', remedy: 'prevented' },
        },
      },
    },
  };
}
