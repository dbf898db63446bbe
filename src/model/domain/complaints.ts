/** Collects what an event says against what the model knows; what is not known is no complaint. */

import type { VectorRule } from '../vector/rules.ts';
import type { Departure } from '../vector/types.ts';

export class Complaints {
  readonly departures: Departure[] = [];

  /** @param want undefined: not known. */
  is(rule: VectorRule, field: string, got: number, want: number | boolean | undefined, why: string): void {
    if (want === undefined || got === Number(want)) return;
    this.add(rule, field, got, `${Number(want)}, ${why}`);
  }

  add(rule: VectorRule, field: string, got: number, allowed: string): void {
    this.departures.push({ rule, field, got, allowed });
  }

  get any(): boolean {
    return this.departures.length > 0;
  }
}
