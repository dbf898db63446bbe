/**
 * One CPU, one vector: common_interrupt as the small races need it. vector-setup has its own, with many of both.
 *
 * Read: arch/x86/kernel/irq.c, common_interrupt (6.1), call_irq_handler and reevaluate_vector (6.12.42 and later);
 * arch/x86/include/asm/hw_irq.h for what a slot may hold.
 */
import { program, type Step } from './build.ts';
import type { Action, State } from './scenario.ts';

/** A slot of vector_irq[]; from `desc` on it is a descriptor. */
export const slotWords = ['UNUSED', 'SHUTDOWN', 'RETRIGGERED', 'desc', 'other desc'] as const;
export const UNUSED = 0;
export const SHUTDOWN = 1;
export const RETRIGGERED = 2;
export const DESC = 3;

export const entryPlaces = ['idle', 'loaded', 'wipe', 'handling', 'return'] as const;
export const IDLE = 0;
const LOADED = 1;
export const HANDLING = 3;

export interface Entry {
  process: string;
  /** Bytes: where it stands, the vector's bit in the IRR, its slot, and the register that the slot was read into. */
  at: { stands: number; irr: number; slot: number; register: number };
  /** ce0b5eedcb75: a slot without a handler is read again under vector_lock. */
  locking: boolean;
  /** Interrupts are on here; default always. */
  isOn?: (s: State) => boolean;
  /** handle_edge_irq spins before it does anything: another CPU has the handler, and this is the irq's CPU now (6.17). */
  waits?: (s: State) => boolean;
  /** handle_edge_irq runs the handler: the irq is not disabled and has an action; default always. */
  runs?: (s: State, descriptor: number) => boolean;
  /** It does not run: IRQS_PENDING. */
  deferred?: (next: State, s: State, descriptor: number) => void;
  /** irq_ack, at the start of handle_edge_irq. */
  ack?: (next: State, s: State, descriptor: number) => void;
  /** The handler has run. @returns true if it runs once more at once */
  handled: (next: State, s: State, descriptor: number) => boolean;
  /** `No irq handler for vector` is printed. */
  stray?: (next: State) => void;
}

export function commonInterrupt(entry: Entry): Action[] {
  const { process, at, locking } = entry;
  const found = (s: State) => s[at.register]!;
  // What is looked at when no handler was found: the slot again, under vector_lock, or the register.
  const looked = (s: State) => s[locking ? at.slot : at.register]!;
  const handle = (next: State, s: State, descriptor: number) => {
    next[at.register] = descriptor;
    entry.ack?.(next, s, descriptor);
    if (entry.runs?.(s, descriptor) ?? true) return 'handling';
    entry.deferred?.(next, s, descriptor);
    return 'return';
  };
  const wipe = (next: State) => {
    next[at.slot] = UNUSED;
    return 'return';
  };
  const isMark = (value: number) => value === SHUTDOWN || value === RETRIGGERED;
  const steps: Step[] = [
    ...slotWords.map(
      (word, value): Step => ({
        ...{
          id: 'enter',
          place: 'idle',
          text: `takes the interrupt, sees ${value < DESC ? `VECTOR_${word}` : word}`,
        },
        when: (s) => s[at.irr] === 1 && s[at.slot] === value && (entry.isOn?.(s) ?? true),
        run(next) {
          next[at.irr] = 0;
          next[at.register] = value;
        },
      }),
    ),
    {
      ...{ id: 'handle', place: 'loaded', text: 'handle_edge_irq()' },
      when: (s) => found(s) >= DESC && !entry.waits?.(s),
      run: (next, s) => handle(next, s, found(s)),
    },
    {
      ...{ id: 'no-handler', place: 'loaded', text: 'No irq handler for vector' },
      when: (s) => found(s) < DESC && looked(s) === UNUSED,
      run(next) {
        entry.stray?.(next);
        return 'return';
      },
    },
    {
      ...(locking
        ? { id: 'wipe', text: 'writes VECTOR_UNUSED, locked' }
        : { id: 'decide-wipe', text: 'finds no handler' }),
      place: 'loaded',
      when: (s) => found(s) < DESC && isMark(looked(s)),
      run: (next) => (locking ? wipe(next) : 'wipe'),
    },
    {
      ...{ id: 'reevaluate-found', place: 'loaded', text: 'reads the slot again, locked: its descriptor' },
      when: (s) => found(s) < DESC && looked(s) >= DESC && !entry.waits?.(s),
      run: (next, s) => handle(next, s, looked(s)),
    },
    { id: 'wipe', text: 'writes VECTOR_UNUSED', run: wipe },
    {
      ...{ id: 'handler', place: 'handling', text: 'the handler runs' },
      run: (next, s) => (entry.handled(next, s, found(s)) ? 'handling' : 'return'),
    },
    {
      ...{ id: 'return', text: 'returns' },
      run(next) {
        next[at.register] = UNUSED;
        return 'idle';
      },
    },
  ];
  return program(process, at.stands, steps);
}

/** Whether a CPU is in common_interrupt with `descriptor` found, not yet at its handler. */
export function holds(s: State, { stands, register }: Entry['at'], descriptor: number): boolean {
  return s[stands] === LOADED && s[register] === descriptor;
}
