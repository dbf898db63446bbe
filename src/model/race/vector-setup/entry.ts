/**
 * A CPU that takes interrupts, in common_interrupt: the right side of the race.
 *
 * Interrupts stay off until it returns, so nobody sees where in it the EOI falls (6.1: before the slot is wiped; a
 * handled edge: in irq_ack, before the handler): here it is the last step.
 */
import type { Action, State } from '../scenario.ts';
import { at, DESC, type Field, type Layout, SHUTDOWN, UNUSED } from './layout.ts';
import type { SwitchTask } from './task.ts';

export function entryActions(layout: Layout, cpu: number, tasks: readonly SwitchTask[]): Action[] {
  const process = `CPU${cpu + 1}`;
  const [stands, regVector, regSlot] = [layout.stands(cpu), layout.regVector(cpu), layout.regSlot(cpu)];
  const actions: Action[] = [];
  const add = (id: string, text: string, when: number, run: (s: State, next: State) => boolean) =>
    actions.push({ ...{ process, id, text }, at: { field: stands, value: when }, step: run });

  for (let v = 0; v < layout.vectors; v += 1)
    for (const [value, seen] of [
      [UNUSED, 'VECTOR_UNUSED'],
      [SHUTDOWN, 'VECTOR_SHUTDOWN'],
      [DESC, 'its descriptor'],
    ] as const)
      add('enter', `takes vector ${v + 1}, sees ${seen}`, at.idle, (s, next) => {
        const found = s[layout.slot(cpu, v)]!;
        if (s[layout.irr(cpu, v)] === 0 || Math.min(found, DESC) !== value) return false;
        next[layout.irr(cpu, v)] = 0;
        next[stands] = at.loaded;
        next[regVector] = v;
        next[regSlot] = found;
        return true;
      });

  const { cpus, owner } = layout.options;
  const isHandledElsewhere = (s: State, found: number) => {
    for (let c = 0; c < cpus; c += 1)
      if (c !== cpu && s[layout.stands(c)] === at.handling && s[layout.regSlot(c)] === found) return true;
    return false;
  };
  // handle_edge_irq: waits for desc->lock; disabled, or handled by another CPU: masked and IRQS_PENDING.
  const handle = (s: State, next: State, found: number) => {
    const d = found - DESC;
    if (tasks[d]!.holdsLock(s)) return false;
    const runs = !s[layout.field(d, 'disabled')] && !isHandledElsewhere(s, found);
    if (!runs) next[layout.field(d, 'masked')] = 1;
    next[layout.field(d, 'resend')] = runs ? 0 : 1;
    next[regSlot] = found;
    next[stands] = runs ? at.handling : at.toEoi;
    return true;
  };
  add(
    'handle',
    'handle_edge_irq()',
    at.loaded,
    (s, next) => s[regSlot]! >= DESC && handle(s, next, s[regSlot]!),
  );

  // What is looked at when no handler was found: the slot again, under vector_lock, or the register.
  const looked = layout.options.locking
    ? (s: State) => s[layout.slot(cpu, s[regVector]!)]!
    : (s: State) => s[regSlot]!;
  const without = (s: State, value: number) => s[regSlot]! < DESC && looked(s) === value;
  const leave = (next: State, where: number) => {
    next[stands] = where;
    return true;
  };
  add(
    'no-handler',
    'No irq handler for vector',
    at.loaded,
    (s, next) => without(s, UNUSED) && leave(next, at.toEoi),
  );
  if (layout.options.locking) {
    add(
      'reevaluate-found',
      'reads the slot again, locked: its descriptor',
      at.loaded,
      (s, next) => s[regSlot]! < DESC && looked(s) >= DESC && handle(s, next, looked(s)),
    );
    add('wipe', 'writes VECTOR_UNUSED, locked', at.loaded, (s, next) => {
      if (!without(s, SHUTDOWN)) return false;
      next[layout.slot(cpu, s[regVector]!)] = UNUSED;
      return leave(next, at.toEoi);
    });
  } else {
    add(
      'decide-wipe',
      'finds no handler',
      at.loaded,
      (s, next) => without(s, SHUTDOWN) && leave(next, at.toWipe),
    );
    add('wipe', 'writes VECTOR_UNUSED', at.toWipe, (s, next) => {
      next[layout.slot(cpu, s[regVector]!)] = UNUSED;
      return leave(next, at.toEoi);
    });
  }
  add('handler', 'the handler runs', at.handling, (s, next) => {
    const d = s[regSlot]! - DESC;
    const f = (name: Field) => layout.field(d, name);
    if (owner === 'qemu') next[s[f('trigger')] ? f('eventfd') : f('injected')] = 1;
    else next[f('owed')] = 0;
    // What came meanwhile: unmasked and handled at once, unless it was disabled.
    if (s[f('resend')] === 0 || s[f('disabled')] === 1) return leave(next, at.toEoi);
    next[f('resend')] = 0;
    next[f('masked')] = 0;
    if (s[f('pending')]) layout.send(next, d);
    next[f('pending')] = 0;
    return true;
  });
  add('eoi', 'EOI', at.toEoi, (_, next) => {
    next[regVector] = 0;
    next[regSlot] = 0;
    return leave(next, at.idle);
  });
  add('interrupts-off', 'interrupts off', at.idle, (s, next) => {
    if (s[layout.pauses(cpu)] === 0) return false;
    next[layout.pauses(cpu)] = s[layout.pauses(cpu)]! - 1;
    return leave(next, at.off);
  });
  actions.at(-1)!.fair = false;
  add('interrupts-on', 'interrupts on', at.off, (_, next) => leave(next, at.idle));
  return actions;
}
