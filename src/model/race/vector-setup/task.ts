/** One device, and the task that frees its irq and requests it again: the left side of the race. */
import type { Action, State } from '../scenario.ts';
import { at, DESC, type Layout, SHUTDOWN } from './layout.ts';

interface Step {
  id: string;
  text: string;
  run(s: State, next: State): boolean;
}

export function switchTask(layout: Layout, d: number, process: string): Action[] {
  const { options } = layout;
  const task = layout.field(d, 'task');
  const switches = layout.field(d, 'switches');
  const steps = stepsOf(layout, d);
  const go = (next: State, i: number) => {
    const last = i === steps.length - 1;
    next[task] = last ? 0 : i + 1;
    if (last) next[switches] = next[switches]! - 1;
    return true;
  };
  return steps.flatMap(({ id, text, run }, i): Action[] => {
    if (id !== 'activate')
      return [
        {
          ...{ process, id, text },
          // Nobody has to switch a vector; a switch that was begun goes on.
          fair: i > 0,
          step: (s, next) => s[task] === i && (i > 0 || s[switches]! > 0) && run(s, next) && go(next, i),
        },
      ];
    // Which CPU is the matrix's choice and depends on what else is allocated: any.
    return Array.from({ length: options.cpus }, (_, c) => ({
      ...{ process, id, text: options.cpus === 1 ? text : `${text} on CPU${c + 1}` },
      step(s: State, next: State) {
        const v = s[task] === i ? layout.lowestFree(s, c) : -1;
        if (v < 0) return false;
        next[layout.slot(c, v)] = DESC + d;
        next[layout.field(d, 'cpu')] = c;
        next[layout.field(d, 'vector')] = v + 1;
        return go(next, i);
      },
    }));
  });
}

/** The steps of vfio_msi_set_vector_signal, or of a driver that silences its device first. */
function stepsOf(layout: Layout, d: number): Step[] {
  const { options } = layout;
  const f = (name: Parameters<Layout['field']>[1]) => layout.field(d, name);
  const steps: Step[] = [];
  const step = (
    id: string,
    text: string,
    change: (next: State, s: State) => void,
    when?: (s: State) => boolean,
  ) =>
    steps.push({
      ...{ id, text },
      run(s, next) {
        if (when && !when(s)) return false;
        change(next, s);
        return true;
      },
    });
  const isHandled = (s: State) => {
    for (let c = 0; c < options.cpus; c += 1)
      if (s[layout.stands(c)] === at.handling && s[layout.regSlot(c)] === DESC + d) return true;
    return false;
  };
  if (options.owner === 'driver')
    step('disable-device', 'disable_irq_in_device()', (next) => {
      next[f('enabled')] = 0;
    });
  step('mask', 'free_irq(): mask()', (next) => {
    next[f('masked')] = 1;
    next[f('disabled')] = 1;
  });
  step(
    'synchronize',
    '__synchronize_irq()',
    () => {},
    (s) => !isHandled(s),
  );
  step('write-zero', 'write_msg(0)', (next) => {
    next[f('msgVector')] = 0;
    next[f('msgCpu')] = 0;
  });
  step('deactivate', 'x86_vector_deactivate(): slot = VECTOR_SHUTDOWN', (next, s) => {
    next[layout.slotOf(s, d)] = SHUTDOWN;
    next[f('vector')] = 0;
    next[f('cpu')] = 0;
  });
  step('activate', 'request_irq(): x86_vector_activate(): slot = desc', () => {});
  step('write-message', 'write_msg(msg)', (next, s) => {
    next[f('msgCpu')] = s[f('cpu')]!;
    next[f('msgVector')] = s[f('vector')]!;
  });
  step('unmask', 'unmask()', (next, s) => {
    next[f('masked')] = 0;
    next[f('disabled')] = 0;
    // irq_startup → check_irq_resend: what arrived while it was disabled is sent again.
    if (s[f('pending')] || s[f('resend')]) layout.send(next, d);
    next[f('pending')] = 0;
    next[f('resend')] = 0;
  });
  if (options.repair)
    step('repair', 'repair_irq(): slot = desc, if it is not', (next, s) => {
      next[layout.slotOf(s, d)] = DESC + d;
    });
  if (options.inject)
    step('inject', 'inject the interrupt once more', (next) => {
      next[f('owed')] = 0;
    });
  if (options.owner === 'driver')
    step('enable-device', 'enable_irq_in_device()', (next) => {
      next[f('enabled')] = 1;
      // A driver that starts its device looks at its state first.
      next[f('owed')] = 0;
    });
  return steps;
}

export function deviceActions(layout: Layout, d: number, process: string): Action[] {
  const f = (name: Parameters<Layout['field']>[1]) => layout.field(d, name);
  return [
    {
      ...{ process, id: 'raise', text: 'raises its interrupt', fair: false },
      step(s, next) {
        if (s[f('raises')] === 0 || s[f('enabled')] === 0) return false;
        if (layout.options.waitsForAck && s[f('owed')] === 1) return false;
        next[f('raises')] = s[f('raises')]! - 1;
        next[f('owed')] = 1;
        if (s[f('masked')]) next[f('pending')] = 1;
        else layout.send(next, d);
        return true;
      },
    },
  ];
}
