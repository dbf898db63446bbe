/**
 * The actions of the model `unplug` in the kernel's code, where VFIO is the driver of both devices: one is taken from
 * its owner, the other's trigger is switched. Read: drivers/vfio/pci/vfio_pci_core.c (vfio_pci_core_disable:
 * pci_clear_master, then the interrupts), and what `vector-setup` rests on.
 */
import type { Place } from '../schedule.ts';
import { aboutToUnmask, commonInterrupt } from './common-interrupt.ts';
import type { RaceMap } from './race-map.ts';

const of =
  (irq: string) =>
  (name: string, argument: string): Place => ({
    function: name,
    where: { [argument]: irq },
  });
const removed = of('{irq}');
const other = of('{neighbourIrq}');

/** The handler is gone, its vector free. */
const freed = [removed('irq_chip_pm_put', 'data.irq')];
/** What __setup_irq() does next, when the interrupt has been started and its lock is released. */
const requested = [other('register_irq_proc', 'irq')];

const notPulled = { nowhere: 'QEMU asks the machine before it takes a device out' };

export const unplugMap: RaceMap = {
  model: 'unplug',
  begin: { CPU0: 'close', CPU2: 'switch-neighbour' },
  actions: {
    raise: { do: 'raise' },
    arrive: { within: 'bus' },
    vanish: notPulled,
    learn: notPulled,
    // A device that is no bus master sends no message.
    quiesce: { before: [{ function: 'pci_clear_master' }] },
    'read-back': { within: 'cpu' },
    mask: { before: [removed('free_irq', 'irq')] },
    synchronize: {
      before: [
        removed('__synchronize_irq', 'desc.irq_data.irq'),
        removed('__synchronize_hardirq', 'desc.irq_data.irq'),
      ],
    },
    deactivate: {
      before: [removed('x86_vector_deactivate', 'irqd.irq')],
      after: freed,
      look: { name: 'slot', expect: 'shutdown' },
    },
    free: { before: freed },
    activate: {
      before: [other('x86_vector_activate', 'irqd.irq')],
      after: requested,
      // It is given the lowest free vector: the one that was freed.
      look: { name: 'slot', expect: 'another descriptor' },
    },
    start: {
      before: aboutToUnmask('{neighbourIrq}'),
      after: requested,
    },
    'raise-other': { do: 'raise-neighbour' },
    ...commonInterrupt('{neighbourIrq}'),
    // It has nothing left to do that anybody could see.
    return: { within: 'cpu' },
  },
};
