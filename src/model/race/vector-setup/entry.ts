/** A CPU that takes interrupts, in common_interrupt: the right side of the race. */
import type { Action, State } from '../scenario.ts';
import { at, DESC, type Layout, SHUTDOWN, UNUSED } from './layout.ts';

export function entryActions(layout: Layout, cpu: number): Action[] {
  const process = `CPU${cpu + 1}`;
  const [stands, regVector, regSlot] = [layout.stands(cpu), layout.regVector(cpu), layout.regSlot(cpu)];
  const actions: Action[] = [];
  const add = (id: string, text: string, when: number, run: (s: State, next: State) => boolean) =>
    actions.push({ ...{ process, id, text }, step: (s, next) => s[stands] === when && run(s, next) });

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

  const handle = (s: State, next: State, found: number) => {
    const disabled = layout.field(found - DESC, 'disabled');
    next[regSlot] = found;
    // handle_edge_irq: disabled, or no action: marked, to be sent again.
    if (s[disabled]) next[layout.field(found - DESC, 'resend')] = 1;
    next[stands] = s[disabled] ? at.toEoi : at.handling;
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
    next[layout.field(s[regSlot]! - DESC, 'owed')] = 0;
    return leave(next, at.toEoi);
  });
  add('eoi', 'EOI', at.toEoi, (_, next) => {
    next[regVector] = 0;
    next[regSlot] = 0;
    return leave(next, at.idle);
  });
  return actions;
}
