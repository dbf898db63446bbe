/** An operation on one CPU's map: its counters, its bit, and what is learnt about the map from them. */
import { changeBit } from './bits.ts';
import { ALLOCATED, type Cells, isExact, narrowed, RESERVED, RUNNING } from './cells.ts';
import { checkChoice } from './choice.ts';
import { absurd, Comparison, type Delta, deltaOf } from './laws.ts';
import { afterEvent, cpuOf, withCpu } from './state.ts';
import type { CpuEvent, CpuState, Hints, MatrixState, Step, Verdict } from './types.ts';

export function stepCpu(state: MatrixState, event: CpuEvent, hints: Hints): Step {
  const nonsense = absurd(event);
  if (nonsense) return impossible(state, [nonsense]);
  if (event.kind === 'alloc_reserved')
    return impossible(state, [
      { rule: 'MX6', field: 'bit', got: event.bit, allowed: 'no such event: no kernel fires it' },
    ]);
  const before = cpuOf(state, event.cpu);
  const running =
    event.kind === 'free' ? (hints.managed ?? isManaged(before, event, state.globalAvailable)) : false;
  const delta = deltaOf(event.kind, event.online, running === true);
  const compare = new Comparison();
  compareCpu(compare, event, before, delta);
  // Managed or not: avl and global_avl may stay, or rise.
  const total = running === undefined ? { ...state, globalAvailable: undefined } : state;
  const { globalAvailable, totalAllocated } = delta;
  const [reserved, orReserved] = reservations(event, hints);
  compare.totals(event, total, { globalAvailable, totalAllocated, globalReserved: reserved }, orReserved);
  const choice = checkChoice(state, event, hints);
  if (choice.departure) compare.add(choice.departure);
  const bit = changeBit(before.cells, event.kind, event.bit, running);
  if (bit.departure) compare.add(bit.departure);
  if (compare.departures.length > 0) return impossible(state, compare.departures);
  const after = learn(before, event, delta, bit.cells, running);
  if (after === undefined) return impossible(state, [tooMany(before, event)]);
  const verdict: Verdict = {
    departures: [],
    counters: compare.determined,
    bit: bit.determined,
    cpu: choice.determined,
    bestOfOnline: choice.bestOfOnline,
    diedUnseen: 0,
  };
  const settled = state.settled && before.available !== undefined && before.online !== undefined;
  const cpus = withCpu(state, event.cpu, after);
  return { state: afterEvent(state, event, cpus, settled), verdict };
}

/** The changes that global_rsvd may have. */
function reservations(event: CpuEvent, { reserved }: Hints): [number, number] {
  if (event.kind !== 'alloc') return [0, 0];
  if (reserved === undefined) return [0, -1];
  return reserved ? [-1, -1] : [0, 0];
}

function impossible(state: MatrixState, departures: Verdict['departures']): Step {
  return {
    state,
    verdict: { departures, counters: false, bit: undefined, cpu: undefined, diedUnseen: 0 },
  };
}

/** `free` does not say whether the interrupt was managed: the map does, else avl, which a managed one leaves. */
function isManaged(
  { cells, available }: CpuState,
  event: CpuEvent,
  globalAvailable: number | undefined,
): boolean | undefined {
  const cell = cells[event.bit]!;
  if ((cell & RUNNING) === 0) return false;
  if ((cell & ALLOCATED) === 0) return true;
  if (available !== undefined) return event.available === available;
  if (globalAvailable === undefined || !event.online) return undefined;
  return event.globalAvailable === globalAvailable;
}

function compareCpu(compare: Comparison, event: CpuEvent, before: CpuState, delta: Delta): void {
  if (before.online !== undefined && before.online !== event.online)
    compare.add({
      rule: 'MX5',
      field: 'online',
      got: event.online ? 1 : 0,
      allowed: before.online ? '1' : '0',
    });
  const takesVector = event.kind === 'alloc' || event.kind === 'alloc_managed' || event.kind === 'assign';
  if (takesVector && !event.online)
    compare.add({ rule: 'MX8', field: 'online', got: 0, allowed: '1: no offline map is chosen' });
  compare.counter('available', event.available, before.available, delta.available);
  compare.counter('allocated', event.allocated, before.allocated, delta.allocated);
  compare.counter('managed', event.managed, before.managed, delta.managed);
}

/** @returns undefined when the counters and the bits seen cannot both be true. */
function learn(
  before: CpuState,
  event: CpuEvent,
  delta: Delta,
  cells: Cells,
  isRunning: boolean | undefined,
): CpuState | undefined {
  const { online, available, allocated, managed } = event;
  // A map that was online once keeps `available` while managed bits come and go offline.
  const drift = online || !before.initialized ? 0 : delta.managed;
  const capacity = before.capacity === undefined ? undefined : before.capacity + drift;
  const counted =
    before.running === undefined || isRunning === undefined ? undefined : before.running + delta.running;
  const derived = capacity === undefined ? undefined : available + managed + allocated - capacity;
  const running = counted ?? derived;
  const known = running !== undefined;
  if (known && (running < 0 || running > managed || running > allocated)) return undefined;
  let exact = before.exact;
  let map: Cells | undefined = cells;
  if (!exact && known) {
    map = narrowed(map, ALLOCATED, allocated - running);
    map = map && narrowed(map, RUNNING, running);
    map = map && narrowed(map, RESERVED, managed - running);
    if (!map) return undefined;
    exact = isExact(map);
  }
  const initialized = online ? true : before.initialized;
  return { cells: map, exact, online, initialized, available, allocated, managed, running, capacity };
}

function tooMany(before: CpuState, { available, allocated, managed }: CpuEvent) {
  const allowed =
    before.capacity === undefined
      ? 'no map has that many bits of each kind'
      : `avl + managed + alloc from ${before.capacity} to ${before.capacity + Math.min(managed, allocated)}, and the bits seen before`;
  return { rule: 'MX1' as const, field: 'avl', got: available, allowed };
}
