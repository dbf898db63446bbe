/**
 * A level-triggered INTx of a passed-through device: masked on the host at each interrupt, unmasked when the guest's
 * EOI comes, and sent again if the device still asks. The guest handles it at once, or in a thread with the pin masked
 * meanwhile (IRQF_ONESHOT).
 *
 * Read, 6.1 and 6.12: drivers/vfio/pci/vfio_pci_intrs.c (vfio_intx_handler, vfio_pci_intx_unmask_handler: still
 * asserted → stays masked, and the eventfd is signalled by a work item), virt/kvm/eventfd.c (irqfd_inject from a work
 * item; irqfd_resampler_ack: "we de-assert once then notify", else "we risk racing with incoming re-asserts"),
 * arch/x86/kvm/ioapic.c (ioapic_service, kvm_ioapic_update_eoi_one; ioapic_write_indirect: fef8f2b90edb "KVM:
 * x86/ioapic: Resample the pending state of an IRQ when unmasking", in 6.12, not in 6.1).
 */
import { anyTime, Bytes, placesOf, program, type Step } from '../build.ts';
import type { Scenario, State } from '../scenario.ts';

export interface IntxResampleOptions {
  /** fef8f2b90edb: when the guest unmasks a pin that is pending, the device is asked again. */
  resamplesOnUnmask: boolean;
  /** irqfd_resampler_ack de-asserts before it notifies. */
  deassertsFirst: boolean;
  /** VFIO signals the eventfd again at the unmask, instead of unmasking: when the device still asks (the kernel). */
  resends: 'asserted' | 'never' | 'always';
  /** The guest's handler is a thread, the pin masked until it is done. */
  oneshot: boolean;
  /** The host's work items are done before the guest goes on. */
  prompt: boolean;
  raises: number;
}

export function intxResample(o: IntxResampleOptions): Scenario {
  const steps = guestSteps(o);
  const b = new Bytes({
    raises: 'number',
    // The device asserts its INTx line.
    line: 'number',
    // vfio_pci_irq_ctx.masked, and the DisINTx bit with it.
    masked: 'number',
    // Work items: VFIO's that signals the eventfd again, KVM's that sets the pin.
    resend: 'number',
    inject: 'number',
    // KVM's IOAPIC pin.
    irr: 'number',
    remoteIrr: 'number',
    pinMask: 'number',
    // In the guest's local APIC.
    injected: 'number',
    spurious: 'number',
    guest: placesOf(steps),
  });
  const { at } = b;

  function service(next: State): void {
    if (next[at.irr] === 0 || next[at.pinMask] === 1 || next[at.remoteIrr] === 1) return;
    next[at.injected] = 1;
    next[at.remoteIrr] = 1;
  }

  /** vfio_pci_intx_unmask_handler, in the wake-up of the resample eventfd. */
  function resample(next: State): void {
    if (next[at.masked] === 0) return;
    if (next[at.line] === 0 && o.resends !== 'always') next[at.masked] = 0;
    else if (o.resends !== 'never') next[at.resend] = 1;
  }

  const goesOn = (s: State) => !o.prompt || (s[at.resend] === 0 && s[at.inject] === 0);
  const deassert = (next: State) => {
    next[at.irr] = 0;
  };

  /** What the guest does in one step → what that changes. */
  const changes: Record<string, (next: State, s: State) => void> = {
    take(next, s) {
      next[at.injected] = 0;
      if (s[at.line] === 0) next[at.spurious] = 1;
    },
    'guest-mask'(next) {
      next[at.pinMask] = 1;
    },
    acknowledge(next) {
      next[at.line] = 0;
    },
    deassert,
    notify: resample,
    'eoi-done'(next) {
      next[at.remoteIrr] = 0;
      service(next);
    },
    'guest-unmask'(next) {
      next[at.pinMask] = 0;
      if (next[at.irr] === 0 || next[at.remoteIrr] === 1) return;
      if (o.resamplesOnUnmask) {
        deassert(next);
        resample(next);
      } else service(next);
    },
  };

  return {
    name: 'intx-resample',
    title: 'A passed-through INTx is unmasked while the device asserts it again',
    processes: ['device', 'host', 'guest'],
    bounds: `1 device, 1 pin, 1 virtual CPU, ${o.raises} raises`,
    width: b.width,
    init: [b.state({ raises: o.raises })],
    actions: [
      ...anyTime('device', [
        {
          ...{ id: 'raise', text: 'asserts INTx', fair: false },
          when: (s) => s[at.raises]! > 0 && s[at.line] === 0,
          run(next, s) {
            next[at.raises] = s[at.raises]! - 1;
            next[at.line] = 1;
          },
        },
      ]),
      ...anyTime('host', [
        {
          ...{ id: 'host-interrupt', text: 'vfio_intx_handler(): masks, signals the eventfd' },
          when: (s) => s[at.line] === 1 && s[at.masked] === 0,
          run(next) {
            next[at.masked] = 1;
            next[at.inject] = 1;
          },
        },
        {
          ...{ id: 'resend', text: 'vfio_send_intx_eventfd(): signals it again' },
          when: (s) => s[at.resend] === 1,
          run(next) {
            next[at.resend] = 0;
            next[at.inject] = 1;
          },
        },
        {
          ...{ id: 'inject', text: 'irqfd_inject(): kvm_set_irq(1)' },
          when: (s) => s[at.inject] === 1,
          run(next) {
            next[at.inject] = 0;
            next[at.irr] = 1;
            service(next);
          },
        },
      ]),
      ...program(
        'guest',
        at.guest,
        steps.map(
          (step, i): Step => ({
            ...step,
            when: (s) => goesOn(s) && (step.id !== 'take' || s[at.injected] === 1),
            run(next, s) {
              changes[step.id]!(next, s);
              return i === steps.length - 1 ? 'take' : undefined;
            },
          }),
        ),
      ),
    ],
    invariants: [
      {
        text: 'the guest is interrupted only when the device asks',
        holds: (s) => s[at.spurious] === 0,
      },
    ],
    sometimes: [
      {
        text: 'the device asserts again before the EOI is done',
        holds: (s) => s[at.line] === 1 && steps[s[at.guest]!]?.id === 'notify',
      },
    ],
    leadsTo: [
      {
        text: 'an INTx that the device asserts is acknowledged by the guest',
        from: (s) => s[at.line] === 1,
        to: (s) => s[at.line] === 0,
      },
    ],
    isEnd: (s) => s[at.guest] === 0,
    describe: (s) => b.describe(s, ['line', 'masked', 'irr', 'remoteIrr', 'pinMask', 'injected']),
    view: (s) => b.view(s),
  };
}

/** The EOI is three steps: kvm_ioapic_update_eoi_one lets go of the IOAPIC's lock while it notifies. */
function guestSteps({ oneshot, deassertsFirst }: IntxResampleOptions): Pick<Step, 'id' | 'text'>[] {
  const take = { id: 'take', text: 'takes the interrupt' };
  const acknowledge = { id: 'acknowledge', text: 'acknowledges it to the device' };
  const deassert = { id: 'deassert', text: 'EOI: kvm_set_irq(0)' };
  const notify = { id: 'notify', text: 'EOI: the resample eventfd: VFIO unmasks' };
  const eoi = [
    ...(deassertsFirst ? [deassert, notify] : [notify, deassert]),
    { id: 'eoi-done', text: 'EOI: remote IRR = 0' },
  ];
  if (!oneshot) return [take, acknowledge, ...eoi];
  return [
    take,
    { id: 'guest-mask', text: 'masks the pin' },
    ...eoi,
    acknowledge,
    { id: 'guest-unmask', text: 'unmasks the pin' },
  ];
}
