/**
 * The actions of the model `vector-setup` in the kernel's code. Read: kernel/irq/manage.c (free_irq, __free_irq,
 * __setup_irq), kernel/irq/irqdomain.c (__irq_domain_activate_irq: the parent first, __irq_domain_deactivate_irq: the
 * parent last), kernel/irq/msi.c (msi_domain_activate writes the message), arch/x86/kernel/apic/vector.c,
 * arch/x86/kernel/irq.c. All of these were found in 6.1, 6.12 and 7.2; each is entered with the interrupt concerned.
 */
import type { Place } from '../schedule.ts';
import { aboutToUnmask, commonInterrupt } from './common-interrupt.ts';
import type { RaceMap } from './race-map.ts';

const ofIrq = (name: string, argument: string): Place => ({ function: name, where: { [argument]: '{irq}' } });

const needsQemu = { nowhere: 'it takes a guest with its QEMU, and the lab has a program in their place' };

export const vectorSetupMap: RaceMap = {
  model: 'vector-setup',
  begin: { CPU0: 'switch' },
  actions: {
    mask: { before: [ofIrq('free_irq', 'irq')] },
    synchronize: {
      before: [
        ofIrq('__synchronize_irq', 'desc.irq_data.irq'),
        ofIrq('__synchronize_hardirq', 'desc.irq_data.irq'),
      ],
    },
    'write-zero': { before: [ofIrq('msi_domain_deactivate', 'irq_data.irq')] },
    deactivate: {
      before: [ofIrq('x86_vector_deactivate', 'irqd.irq')],
      look: { name: 'slot', expect: 'shutdown' },
    },
    activate: {
      before: [ofIrq('x86_vector_activate', 'irqd.irq')],
      look: { name: 'slot', expect: 'descriptor' },
    },
    'write-message': { before: [ofIrq('msi_domain_activate', 'irq_data.irq')] },
    unmask: {
      before: aboutToUnmask('{irq}'),
      // What __setup_irq() does next, when the interrupt has been started.
      after: [ofIrq('register_irq_proc', 'irq')],
    },
    repair: { nowhere: 'the repair was rejected: no kernel that was shipped has it' },
    inject: { do: 'inject' },
    'disable-device': { do: 'disable-device' },
    'enable-device': { do: 'enable-device' },
    'guest-mask': needsQemu,
    'guest-unmask': needsQemu,
    'guest-handle': needsQemu,
    'qemu-notify': needsQemu,
    pba: needsQemu,
    raise: { do: 'raise' },
    // A CPU that is held takes no interrupt either.
    'interrupts-off': { within: 'cpu' },
    'interrupts-on': { within: 'cpu' },
    ...commonInterrupt('{irq}'),
  },
};
