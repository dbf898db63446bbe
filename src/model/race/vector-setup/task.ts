/**
 * The task that frees an irq and requests it again: the left side of the race.
 *
 * Read: vfio_msi_set_vector_signal (drivers/vfio/pci/vfio_pci_intrs.c); __free_irq and __setup_irq
 * (kernel/irq/manage.c): the first lets go of desc->lock to synchronize, the second holds it from activating to the
 * start; vfio_msix_vector_release, vfio_msix_vector_do_use (hw/vfio/pci.c of QEMU) and msix_handle_mask_update
 * (hw/pci/msix.c), which injects after unmasking only what reached QEMU's own pending bit.
 */
import type { Action, State } from '../scenario.ts';
import { at, DESC, type Field, type Layout, SHUTDOWN } from './layout.ts';

interface Step {
  id: string;
  text: string;
  /** desc->lock is still held after it. */
  locked?: boolean;
  when?: (s: State) => boolean;
  change: (next: State, s: State) => void;
  /** It comes when somebody wants it: between it and the step before, the task is at rest. */
  starts?: boolean;
}

export class SwitchTask {
  readonly actions: readonly Action[];
  readonly #task: number;
  readonly #rests: ReadonlySet<number>;
  readonly #locked: ReadonlySet<number>;

  /** @param d the device whose vector it switches */
  constructor(layout: Layout, d: number, process: string) {
    const steps = stepsOf(layout, d);
    this.#task = layout.field(d, 'task');
    const numbers = (which: (step: Step) => boolean | undefined) =>
      steps.flatMap((step, i) => (which(step) ? [i] : []));
    this.#rests = new Set([0, ...numbers(({ starts }) => starts)]);
    this.#locked = new Set(numbers(({ locked }) => locked).map((i) => i + 1));
    this.actions = steps.flatMap((_, i) => actionsOf(layout, d, process, steps, i));
  }

  isAtRest(s: State): boolean {
    return this.#rests.has(s[this.#task]!);
  }

  /** It holds desc->lock: whoever wants to handle the interrupt waits. */
  holdsLock(s: State): boolean {
    return this.#locked.has(s[this.#task]!);
  }
}

function actionsOf(layout: Layout, d: number, process: string, steps: readonly Step[], i: number): Action[] {
  const task = layout.field(d, 'task');
  const switches = layout.field(d, 'switches');
  const { id, text, when, change } = steps[i]!;
  const isLast = i === steps.length - 1;
  const go = (s: State, next: State) => {
    change(next, s);
    next[task] = isLast ? 0 : i + 1;
    if (isLast) next[switches] = s[switches]! - 1;
    return true;
  };
  if (id !== 'activate')
    return [
      {
        ...{ process, id, text },
        // Nobody has to switch a vector; a switch that was begun goes on.
        fair: i > 0,
        at: { field: task, value: i },
        step: (s, next) => (i > 0 || s[switches]! > 0) && (!when || when(s)) && go(s, next),
      },
    ];
  // Which CPU is the matrix's choice and depends on what else is allocated: any.
  return Array.from({ length: layout.options.cpus }, (_, c) => ({
    ...{ process, id, text: layout.options.cpus === 1 ? text : `${text} on CPU${c + 1}` },
    at: { field: task, value: i },
    step(s: State, next: State) {
      const v = layout.lowestFree(s, c);
      if (v < 0) return false;
      next[layout.slot(c, v)] = DESC + d;
      next[layout.field(d, 'cpu')] = c;
      next[layout.field(d, 'vector')] = v + 1;
      return go(s, next);
    },
  }));
}

function stepsOf(layout: Layout, d: number): Step[] {
  const { owner } = layout.options;
  const f = (name: Field) => layout.field(d, name);
  if (owner === 'vfio') return switchSteps(layout, d);
  if (owner === 'driver')
    return [
      {
        ...{ id: 'disable-device', text: 'disable_irq_in_device()' },
        change(next) {
          next[f('enabled')] = 0;
        },
      },
      ...switchSteps(layout, d),
      {
        ...{ id: 'enable-device', text: 'enable_irq_in_device()' },
        change(next) {
          next[f('enabled')] = 1;
          // A driver that starts its device looks at its state first.
          next[f('owed')] = 0;
        },
      },
    ];
  return [
    {
      ...{ id: 'guest-mask', text: 'the guest masks: VM exit' },
      change(next) {
        next[f('guestMask')] = 1;
      },
    },
    ...switchSteps(layout, d, 1),
    {
      ...{ id: 'guest-unmask', text: 'the guest unmasks: VM exit', starts: true },
      change(next) {
        next[f('guestMask')] = 0;
      },
    },
    ...switchSteps(layout, d, 0),
    {
      ...{ id: 'pba', text: 'msix_handle_mask_update(): injects if its pending bit is set' },
      change(next, s) {
        if (s[f('pba')]) next[f('injected')] = 1;
        next[f('pba')] = 0;
      },
    },
  ];
}

/** free_irq and request_irq. @param trigger the eventfd that the new handler signals, where that matters */
function switchSteps(layout: Layout, d: number, trigger?: 0 | 1): Step[] {
  const { options } = layout;
  const f = (name: Field) => layout.field(d, name);
  const isHandled = (s: State) => {
    for (let c = 0; c < options.cpus; c += 1)
      if (s[layout.stands(c)] === at.handling && s[layout.regSlot(c)] === DESC + d) return true;
    return false;
  };
  const steps: Step[] = [
    {
      ...{ id: 'mask', text: 'free_irq(): mask()' },
      change(next) {
        next[f('masked')] = 1;
        next[f('disabled')] = 1;
      },
    },
    { id: 'synchronize', text: '__synchronize_irq()', when: (s) => !isHandled(s), change: () => {} },
    {
      ...{ id: 'write-zero', text: 'write_msg(0)', locked: true },
      change(next) {
        next[f('msgVector')] = 0;
        next[f('msgCpu')] = 0;
      },
    },
    {
      ...{ id: 'deactivate', text: 'x86_vector_deactivate(): slot = VECTOR_SHUTDOWN' },
      change(next, s) {
        next[layout.slotOf(s, d)] = SHUTDOWN;
        next[f('vector')] = 0;
        next[f('cpu')] = 0;
      },
    },
    {
      ...{ id: 'activate', text: 'request_irq(): x86_vector_activate(): slot = desc', locked: true },
      change(next) {
        if (trigger !== undefined) next[f('trigger')] = trigger;
      },
    },
    {
      ...{ id: 'write-message', text: 'write_msg(msg)', locked: true },
      change(next, s) {
        next[f('msgCpu')] = s[f('cpu')]!;
        next[f('msgVector')] = s[f('vector')]!;
      },
    },
    {
      ...{ id: 'unmask', text: 'unmask()' },
      change(next, s) {
        next[f('masked')] = 0;
        next[f('disabled')] = 0;
        // irq_startup → check_irq_resend: what arrived while it was disabled is sent again.
        if (s[f('pending')] || s[f('resend')]) layout.send(next, d);
        next[f('pending')] = 0;
        next[f('resend')] = 0;
      },
    },
  ];
  if (options.repair)
    steps.push({
      ...{ id: 'repair', text: 'repair_irq(): slot = desc, if it is not' },
      change(next, s) {
        next[layout.slotOf(s, d)] = DESC + d;
      },
    });
  if (options.inject)
    steps.push({
      ...{ id: 'inject', text: 'inject the interrupt once more' },
      change(next, s) {
        if (options.owner !== 'qemu') next[f('owed')] = 0;
        else next[s[f('guestMask')] ? f('pba') : f('injected')] = 1;
      },
    });
  return steps;
}
