/**
 * What the explorer searches: processes that run side by side, each a list of atomic steps over one shared state.
 * A state is a few bytes, one a field; whoever writes a scenario gives the bytes their meaning.
 */

export type State = Uint8Array;

/** One atomic step of one process. What may go several ways is several actions. */
export interface Action {
  /** `CPU1` or `device`: the column it is printed in. */
  process: string;
  /** What happens, in the words of the kernel: `writes VECTOR_UNUSED`. */
  text: string;
  /** Where its process stands: the step is tried only where byte `field` of the state is `value`. */
  at?: { field: number; value: number };
  /**
   * Changes `next`, which is a copy of `state`, into the successor.
   * @returns false where the step cannot be taken; `next` is then untouched
   */
  step(state: State, next: State): boolean;
  /** It cannot be put off for ever while it can be taken (weak fairness). Default true; a device may never raise. */
  fair?: boolean;
  /** Stable, for whoever maps a step to a place in the kernel; with `process` it says what is to happen. */
  id: string;
}

export interface Property {
  /** One line that a person reads when it is broken. */
  text: string;
  holds(state: State): boolean;
}

export interface LeadsTo {
  text: string;
  from(state: State): boolean;
  to(state: State): boolean;
}

export interface Scenario {
  name: string;
  title: string;
  /** Columns of a printed interleaving, in order. */
  processes: readonly string[];
  /** The bounds of the search: `1 device, 1 CPU, 2 vectors, 2 raises, 1 trigger switch`. */
  bounds: string;
  /** Bytes of a state. */
  width: number;
  init: readonly State[];
  actions: readonly Action[];
  /** Hold in every state. */
  invariants: readonly Property[];
  /** Hold in at least one state: else the model says nothing. */
  sometimes: readonly Property[];
  /** Whatever is `from` once is `to` later, in every fair run. */
  leadsTo: readonly LeadsTo[];
  /** States in which nothing can happen any more, as it should be; elsewhere that is a deadlock. */
  isEnd(state: State): boolean;
  /** Ways to rename what is interchangeable, each writing the renamed state to `out`. */
  symmetries?: readonly ((state: State, out: State) => void)[];
  /** The state in words, for the end of a printed interleaving. */
  describe(state: State): string;
  /** The state for programs: `CPU1.irr[1]` → 1, `CPU1.vector_irq[1]` → `SHUTDOWN`. The same names in every state. */
  view(state: State): View;
}

export type View = Readonly<Record<string, string | number>>;
