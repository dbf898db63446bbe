/** A CPU that died unseen shows in the next event: online_maps is lower than it can be otherwise. */
import { Comparison } from './laws.ts';
import { afterUnseenOffline } from './state.ts';
import type { Departure, Event, MatrixState } from './types.ts';

type Seen = Exclude<Event, { kind: 'lost' }>;

export interface Notice {
  state: MatrixState;
  died: number;
  departures: readonly Departure[];
}

/** @returns the state with all forgotten that nobody saw change; departures when no death explains the event. */
export function notice(state: MatrixState, event: Seen): Notice {
  if (state.onlineMaps === undefined) return { state, died: 0, departures: [] };
  const change = event.kind === 'online' ? 1 : event.kind === 'offline' ? -1 : 0;
  const died = state.onlineMaps + change - event.onlineMaps;
  if (died <= 0) return { state, died: 0, departures: [] };
  const compare = new Comparison();
  // The last CPU cannot go offline, nor one that does not exist.
  if (event.onlineMaps < 1)
    compare.add({ rule: 'MX5', field: 'online_maps', got: event.onlineMaps, allowed: 'at least 1' });
  const most = mostAvailable(state, event.onlineMaps);
  if (most !== undefined && event.globalAvailable > most) {
    const { onlineMaps, globalAvailable: got } = event;
    const allowed = `at most ${most} with ${onlineMaps} of ${state.onlineMaps + change} CPUs online`;
    compare.add({ rule: 'MX2', field: 'global_avl', got, allowed });
  }
  // Migration frees as much as it allocates, or less is needed; one operation adds one at most.
  if (state.totalAllocated !== undefined && event.totalAllocated > state.totalAllocated + 1) {
    const allowed = `at most ${state.totalAllocated + 1}: a dying CPU adds none`;
    compare.add({ rule: 'MX3', field: 'total_alloc', got: event.totalAllocated, allowed });
  }
  return { state: afterUnseenOffline(state), died, departures: compare.departures };
}

/** The most that `maps` online CPUs can have available: nothing allocated on those with the least managed bits. */
function mostAvailable(state: MatrixState, maps: number): number | undefined {
  const most: number[] = [];
  for (const cpu of state.cpus) {
    if (!cpu || cpu.initialized === false) continue;
    if (cpu.capacity === undefined || cpu.managed === undefined) return undefined;
    most.push(cpu.capacity - cpu.managed);
  }
  if (most.length < maps || state.capacity === undefined) return undefined;
  // One operation may give back one.
  return most
    .sort((a, b) => b - a)
    .slice(0, maps)
    .reduce((sum, one) => sum + one, 1);
}
