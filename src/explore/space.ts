/** The states of a scenario that can be reached, breadth first, so that the way to each is a shortest one. */
import type { Action, Property, Scenario, State } from '../model/race/scenario.ts';
import { Edges, grown } from './edges.ts';
import { padded, StateStore, scratch } from './store.ts';

export interface Limits {
  /** Bytes that the states may take; the search ends there, incomplete. */
  memoryBytes: number;
}

export interface Progress {
  states: number;
  depth: number;
  memoryBytes: number;
  seconds: number;
}

export interface Violation {
  kind: 'invariant' | 'deadlock' | 'leads-to';
  text: string;
  /** Shortest way to it. */
  path: Step[];
  /** Lost progress: it goes on for ever after that, without what has to come; otherwise nothing more has to happen. */
  goesRound?: boolean;
}

export interface Step {
  /** Undefined: the first state. */
  action: Action | undefined;
  state: State;
}

/** How often somebody is told, in states. */
const tellEvery = 65_536;

export class Space {
  readonly scenario: Scenario;
  readonly #store: StateStore;
  readonly #canonical: (state: Scratch) => Scratch;
  #parents = new Int32Array(4096);
  #depths = new Uint16Array(4096);
  readonly #edges: Edges | undefined;
  transitions = 0;
  depth = 0;
  /** Every reachable state was seen. */
  complete = false;

  /** @param edges keep every transition too: {@link findLostProgress} needs them */
  constructor(scenario: Scenario, { symmetry = true, edges = false } = {}) {
    this.scenario = scenario;
    if (edges) this.#edges = new Edges();
    this.#store = new StateStore(scenario.width);
    this.#canonical = symmetry ? canonicaliser(scenario) : (state) => state;
  }

  get states(): number {
    return this.#store.count;
  }

  get memoryBytes(): number {
    const edges = this.#edges?.memory ?? 0;
    return this.#store.memory + this.#parents.byteLength + this.#depths.byteLength + edges;
  }

  get edges(): Edges {
    if (!this.#edges) throw new Error('the transitions were not kept');
    return this.#edges;
  }

  /**
   * Searches until all is seen, `limits` are reached or something is wrong. Calls `seen` with each new state.
   * @returns the first violation of an invariant, or deadlock; breadth first, so no other is nearer
   */
  search(
    limits: Limits,
    seen: (state: State) => void,
    tell: (progress: Progress) => void,
  ): Violation | undefined {
    const { actions, invariants, init, width, isEnd } = this.scenario;
    const started = performance.now();
    const places = byPlace(actions);
    const current = scratch(width);
    const next = scratch(width);
    const progress = () => ({
      ...{ states: this.states, depth: this.depth, memoryBytes: this.memoryBytes },
      seconds: (performance.now() - started) / 1000,
    });
    const enter = (state: Scratch, parent: number, by: number): Violation | undefined => {
      const canonical = this.#canonical(state);
      const before = this.states;
      const index = this.#store.add(canonical.words);
      if (by >= 0) this.#edges?.add(index, by);
      if (this.states === before) return undefined;
      this.#remember(index, parent);
      seen(canonical.bytes);
      if (!firstBroken(invariants, canonical.bytes)) return undefined;
      const path = this.wayTo(index);
      // In the names of that way: which of two twins it is.
      return { kind: 'invariant', text: firstBroken(invariants, path.at(-1)!.state)!.text, path };
    };
    for (const state of init) {
      next.bytes.set(state);
      const wrong = enter(next, -1, -1);
      if (wrong) return wrong;
    }
    for (let index = 0; index < this.states; index += 1) {
      if (index % tellEvery === 0) tell(progress());
      if (index % 1024 === 0 && this.memoryBytes > limits.memoryBytes) return undefined;
      this.#store.read(index, current.words);
      let enabled = 0;
      this.#edges?.begin(index);
      copy(current.words, next.words);
      for (const { field, tried } of places)
        for (const by of tried[field < 0 ? 0 : current.bytes[field]!] ?? []) {
          if (!actions[by]!.step(current.bytes, next.bytes)) continue;
          enabled += 1;
          this.transitions += 1;
          const wrong = enter(next, index, by);
          if (wrong) return wrong;
          copy(current.words, next.words);
        }
      if (enabled === 0 && !isEnd(current.bytes))
        return { kind: 'deadlock', text: 'nothing can go on', path: this.wayTo(index) };
    }
    this.#edges?.begin(this.states);
    this.complete = true;
    tell(progress());
    return undefined;
  }

  /** Copies state `index`. */
  state(index: number): State {
    const out = scratch(this.scenario.width);
    this.#store.read(index, out.words);
    return out.bytes;
  }

  /** Number of a state that was seen, whatever its renaming. */
  indexOf(state: State): number {
    const copy = scratch(this.scenario.width);
    copy.bytes.set(state);
    const before = this.states;
    const index = this.#store.add(this.#canonical(copy).words);
    if (this.states !== before) throw new Error('a state that was never reached');
    return index;
  }

  /** The shortest way from a first state. */
  wayTo(index: number): Step[] {
    const indices: number[] = [];
    for (let i = index; i >= 0; i = this.#parents[i]!) indices.push(i);
    return this.walk(indices.reverse());
  }

  /** The steps along states that follow each other. States are kept renamed: the steps are found by going them. */
  walk(indices: readonly number[]): Step[] {
    const { scenario } = this;
    const start = scenario.init.find((state) => this.indexOf(state) === indices[0]);
    if (!start) throw new Error('a way that begins nowhere');
    const steps: Step[] = [{ action: undefined, state: start }];
    let state = start;
    for (const wanted of indices.slice(1)) {
      const step = this.#successors(state).find(({ next }) => this.indexOf(next) === wanted);
      if (!step) throw new Error('a way with a gap');
      state = step.next;
      steps.push({ action: step.action, state });
    }
    return steps;
  }

  #successors(state: State): { action: Action; next: State }[] {
    return this.scenario.actions.flatMap((action) => {
      const next = scratch(this.scenario.width).bytes;
      next.set(state);
      const { at } = action;
      return (!at || state[at.field] === at.value) && action.step(state, next) ? [{ action, next }] : [];
    });
  }

  #remember(index: number, parent: number): void {
    if (index >= this.#parents.length) {
      this.#parents = grown(this.#parents, new Int32Array(index * 2));
      this.#depths = grown(this.#depths, new Uint16Array(index * 2));
    }
    this.#parents[index] = parent;
    const depth = parent < 0 ? 0 : this.#depths[parent]! + 1;
    this.#depths[index] = depth;
    if (depth > this.depth) this.depth = depth;
  }
}

type Scratch = ReturnType<typeof scratch>;

function copy(from: Int32Array, to: Int32Array): void {
  for (let i = 0; i < from.length; i += 1) to[i] = from[i]!;
}

interface Place {
  /** −1: of no process; these are tried everywhere. */
  field: number;
  /** Value of the field → numbers of the actions to try. */
  tried: number[][];
}

/** Most actions can only be where their process stands: they are looked up there, not tried one after the other. */
function byPlace(actions: readonly Action[]): Place[] {
  const places: Place[] = [];
  for (const [by, { at = { field: -1, value: 0 } }] of actions.entries()) {
    let place = places.find(({ field }) => field === at.field);
    if (!place) {
      place = { field: at.field, tried: [] };
      places.push(place);
    }
    place.tried[at.value] = [...(place.tried[at.value] ?? []), by];
  }
  for (const { tried } of places) for (let i = 0; i < tried.length; i += 1) tried[i] ??= [];
  return places;
}

function firstBroken(properties: readonly Property[], state: State): Property | undefined {
  for (const property of properties) if (!property.holds(state)) return property;
  return undefined;
}

/** Of all renamings of a state the smallest, byte by byte, stands for them. */
function canonicaliser({ symmetries = [], width }: Scenario): (state: Scratch) => Scratch {
  if (symmetries.length === 0) return (state) => state;
  const spare = [scratch(width), scratch(width)] as const;
  const words = padded(width) / 4;
  return (state) => {
    let best = state;
    for (const rename of symmetries) {
      const out = best === spare[0] ? spare[1] : spare[0];
      out.bytes.set(state.bytes);
      rename(state.bytes, out.bytes);
      if (smaller(out.words, best.words, words)) best = out;
    }
    return best;
  };
}

function smaller(a: Int32Array, b: Int32Array, words: number): boolean {
  for (let i = 0; i < words; i += 1) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
