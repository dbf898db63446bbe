/**
 * Lost progress: a run in which `from` held and `to` never does. It ends in a state where nothing can go on, or it
 * goes round for ever, and fairly so: no step that must be taken can be taken all the while and is not.
 */
import type { LeadsTo } from '../model/race/scenario.ts';
import type { Edges } from './edges.ts';
import type { Space, Violation } from './space.ts';

/** @param space searched to its end, its edges kept, without symmetry: a promise to one of two twins is not one to both */
export function findLostProgress(space: Space): Violation | undefined {
  const { leadsTo } = space.scenario;
  if (leadsTo.length === 0) return undefined;
  const graph = space.edges;
  let nearest: Violation | undefined;
  for (const promise of leadsTo) {
    const broken = breach(space, graph, promise);
    if (broken && (!nearest || broken.path.length < nearest.path.length)) nearest = broken;
  }
  return nearest;
}

/** Bytes that {@link findLostProgress} takes for so many states, beside the space itself. */
export function lostProgressBytes(states: number): number {
  // Places and their queue; order, low and marks of the components; the stack at its deepest.
  return states * (2 * (4 + 4) + 4 + 4 + 4 + 8 + 24);
}

/** States with the promise open are searched breadth first; the first that can stay so for ever ends it. */
function breach(space: Space, graph: Edges, promise: LeadsTo): Violation | undefined {
  const { states, scenario } = space;
  const opens = new Uint8Array(states);
  const closes = new Uint8Array(states);
  for (let index = 0; index < states; index += 1) {
    const state = space.state(index);
    closes[index] = promise.to(state) ? 1 : 0;
    opens[index] = promise.from(state) && !closes[index] ? 1 : 0;
  }
  // A place is a state with or without the promise open: 2 × state + open.
  const parent = new Int32Array(2 * states).fill(-2);
  const queue = new Int32Array(2 * states);
  let tail = 0;
  const enter = (index: number, wasOpen: number, from: number) => {
    const open = closes[index] ? 0 : wasOpen | opens[index]!;
    const place = 2 * index + open;
    if (parent[place] !== -2) return;
    parent[place] = from;
    queue[tail] = place;
    tail += 1;
  };
  for (const state of scenario.init) enter(space.indexOf(state), 0, -1);
  for (let head = 0; head < tail; head += 1) {
    const place = queue[head]!;
    for (let edge = graph.first[place >> 1]!; edge < graph.first[(place >> 1) + 1]!; edge += 1)
      enter(graph.to[edge]!, place & 1, place);
  }
  const stays = staysOpen(space, graph, closes);
  for (let head = 0; head < tail; head += 1) {
    const place = queue[head]!;
    if ((place & 1) === 0 || !stays[place >> 1]) continue;
    const indices: number[] = [];
    for (let p = place; p >= 0; p = parent[p]!) indices.push(p >> 1);
    const path = space.walk(indices.reverse());
    return { kind: 'leads-to', text: promise.text, path, goesRound: stays[place >> 1] === round };
  }
  return undefined;
}

/** Marks of {@link staysOpen}. */
const round = 1;
const stop = 2;

/** Marks the states that a run can end in, or go round in fairly, without ever closing the promise. */
function staysOpen(space: Space, graph: Edges, closes: Uint8Array): Uint8Array {
  const marks = new Uint8Array(space.states);
  for (const component of components(graph, closes)) {
    const fairlyRound = component.length > 1 || hasLoop(graph, component[0]!);
    const ends = component.length === 1 && canStop(space, graph, component[0]!);
    if (ends || (fairlyRound && isFair(space, graph, component)))
      for (const index of component) marks[index] = ends ? stop : round;
  }
  return marks;
}

/** Nothing that must happen can: what is left may be put off for ever. */
function canStop(space: Space, { first, by }: Edges, index: number): boolean {
  for (let edge = first[index]!; edge < first[index + 1]!; edge += 1)
    if (space.scenario.actions[by[edge]!]!.fair !== false) return false;
  return true;
}

function hasLoop({ first, to }: Edges, index: number): boolean {
  for (let edge = first[index]!; edge < first[index + 1]!; edge += 1) if (to[edge] === index) return true;
  return false;
}

/** Each step that must not be put off is taken inside, or cannot be taken somewhere inside. */
function isFair(space: Space, { first, to, by }: Edges, component: readonly number[]): boolean {
  const inside = new Set(component);
  const taken = new Set<number>();
  const enabledIn = new Map<number, number>();
  for (const index of component) {
    const here = new Set<number>();
    for (let edge = first[index]!; edge < first[index + 1]!; edge += 1) {
      here.add(by[edge]!);
      if (inside.has(to[edge]!)) taken.add(by[edge]!);
    }
    for (const action of here) enabledIn.set(action, (enabledIn.get(action) ?? 0) + 1);
  }
  return [...enabledIn].every(
    ([action, states]) =>
      space.scenario.actions[action]!.fair === false || taken.has(action) || states < component.length,
  );
}

/** Strongly connected components of the states that do not close (Tarjan 1972, without recursion). */
function* components({ first, to }: Edges, closes: Uint8Array): Generator<number[]> {
  const count = closes.length;
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const onStack = new Uint8Array(count);
  const stack: number[] = [];
  let clock = 0;
  for (let root = 0; root < count; root += 1) {
    if (closes[root] || order[root] !== -1) continue;
    const calls: { index: number; edge: number }[] = [{ index: root, edge: first[root]! }];
    while (calls.length > 0) {
      const call = calls.at(-1)!;
      const { index } = call;
      if (order[index] === -1) {
        order[index] = low[index] = clock;
        clock += 1;
        stack.push(index);
        onStack[index] = 1;
      }
      if (call.edge < first[index + 1]!) {
        const next = to[call.edge]!;
        call.edge += 1;
        if (closes[next]) continue;
        if (order[next] === -1) calls.push({ index: next, edge: first[next]! });
        else if (onStack[next]) low[index] = Math.min(low[index]!, order[next]!);
        continue;
      }
      calls.pop();
      const above = calls.at(-1);
      if (above) low[above.index] = Math.min(low[above.index]!, low[index]!);
      if (low[index] !== order[index]) continue;
      const component = stack.splice(stack.lastIndexOf(index));
      for (const member of component) onStack[member] = 0;
      yield component;
    }
  }
}
