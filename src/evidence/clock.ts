/**
 * Clock alignment: from a machine's kernel clock (seconds since its boot) to the harness's monotonic clock.
 *
 * A marker written between harness times t0 and t1 that got the kernel stamp s puts the offset into
 * [t0 − s, t1 − s]. A serial line with stamp s that arrived at t was printed before t, so the offset is at most
 * t − s. The intersection of all is the offset, half its width the error. When the intersection is empty the
 * two clocks drifted: then the offset is taken piecewise between neighbouring markers, and the result says so.
 */

import type { Recorded } from './harness.ts';
import type { KernelLine } from './kernel-log/line.ts';
import type { KernelEvent } from './kernel-log/parse.ts';

/** A harness time with the bound of its error, both in seconds. */
export interface Moment {
  t: number;
  error: number;
}

export interface ClockSample {
  stamp: number;
  /** The offset lies in [low, high]. */
  low: number;
  high: number;
}

export interface KernelClock {
  machine: string;
  boot: number;
  samples: ClockSample[];
  drifted: boolean;
  /** Largest error of any conversion, in seconds; infinite without a two-sided sample. */
  error: number;
  toHarness(stamp: number): Moment;
}

/** Offset bounds kept this much open, for the microsecond grain of both clocks. */
const grain = 2e-6;

/**
 * Clock of one boot of one machine from its samples and the serial upper bounds.
 * @param upper smallest `arrived − stamp` over serial lines, seconds; Infinity if there are none
 */
export function fitClock(machine: string, boot: number, samples: ClockSample[], upper: number): KernelClock {
  const sorted = [...samples].sort((a, b) => a.stamp - b.stamp);
  const low = Math.max(...sorted.map((s) => s.low)) - grain;
  const high = Math.min(upper, ...sorted.map((s) => s.high)) + grain;
  const base = { machine, boot, samples: sorted };
  if (sorted.length > 0 && low <= high) {
    const offset = (low + high) / 2;
    const error = (high - low) / 2;
    return { ...base, drifted: false, error, toHarness: (stamp) => ({ t: stamp + offset, error }) };
  }
  if (sorted.length === 0) {
    return { ...base, drifted: false, error: Number.POSITIVE_INFINITY, toHarness: unknown };
  }
  const at = (stamp: number): Moment => piecewise(sorted, stamp);
  return { ...base, drifted: true, error: Math.max(...sorted.map((s) => at(s.stamp).error)), toHarness: at };
}

function unknown(): Moment {
  return { t: Number.NaN, error: Number.POSITIVE_INFINITY };
}

/** Between two markers the offset lies in the hull of both; outside, in that of the nearest two. */
function piecewise(samples: ClockSample[], stamp: number): Moment {
  const next = samples.findIndex((s) => s.stamp >= stamp);
  const right = samples[next < 0 ? samples.length - 1 : next]!;
  const left = samples[Math.max(0, (next < 0 ? samples.length : next) - 1)]!;
  const low = Math.min(left.low, right.low) - grain;
  const high = Math.max(left.high, right.high) + grain;
  return { t: stamp + (low + high) / 2, error: (high - low) / 2 };
}

/** Clocks of every boot of one machine, by boot number. */
export function kernelClocks(
  machine: string,
  lines: readonly KernelLine[],
  events: readonly KernelEvent[],
  markers: readonly Recorded<'clock-marker'>[],
): Map<number, KernelClock> {
  const samples = new Map<number, ClockSample[]>();
  const upper = new Map<number, number>();
  for (const line of lines) {
    if (line.stamp === undefined || line.arrived === undefined) continue;
    upper.set(
      line.boot,
      Math.min(upper.get(line.boot) ?? Number.POSITIVE_INFINITY, line.arrived - line.stamp),
    );
  }
  for (const event of events) {
    if (event.kind !== 'marker' || event.at.stamp === undefined) continue;
    const stamp = event.at.stamp;
    for (const marker of markers.filter((m) => m.machine === machine && m.id === event.id)) {
      const list = samples.get(event.at.boot) ?? [];
      list.push({ stamp, low: marker.t0 - stamp, high: marker.t1 - stamp });
      samples.set(event.at.boot, list);
    }
  }
  const boots = new Set([...samples.keys(), ...upper.keys()]);
  return new Map(
    [...boots].map((boot) => [
      boot,
      fitClock(machine, boot, samples.get(boot) ?? [], upper.get(boot) ?? Number.POSITIVE_INFINITY),
    ]),
  );
}

/** Converts wall-clock stamps (ms since 1970) of a machine; undefined without a usable sample. */
export function wallClock(
  machine: string,
  samples: readonly Recorded<'wall-clock'>[],
): ((wallMs: number) => Moment) | undefined {
  const own = samples.filter((sample) => sample.machine === machine);
  if (own.length === 0) return undefined;
  const low = Math.max(...own.map((s) => s.t0 - s.unixMs / 1000));
  const high = Math.min(...own.map((s) => s.t1 - s.unixMs / 1000));
  // An empty intersection is drift or a set clock: the hull is still true.
  const from = low <= high ? low : Math.min(...own.map((s) => s.t0 - s.unixMs / 1000));
  const to = low <= high ? high : Math.max(...own.map((s) => s.t1 - s.unixMs / 1000));
  return (wallMs) => ({ t: wallMs / 1000 + (from + to) / 2, error: (to - from) / 2 });
}
