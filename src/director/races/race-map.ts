/** How the actions of a race model are found in a kernel: one table a model, so that a new race needs no new driver. */
import type { Place } from '../schedule.ts';

export type ActionPlace =
  /** A CPU that is about to do it stands at `before` (one of these, kernels differ), and at `after` when it is done. */
  | {
      before: readonly Place[];
      after?: readonly Place[];
      /** What is to be seen when it is done; `undefined` as value: whatever it is. */
      look?: { name: string; expect?: string };
    }
  /** Nobody else can see it: it passes with the step before it. On the bus, because QEMU's takes no time. */
  | { within: 'cpu' | 'bus' }
  /** The director does it from outside, by this action of the lab. */
  | { do: string }
  /** No kernel has it, and why. */
  | { nowhere: string };

export interface RaceMap {
  /** Name of the scenario. */
  model: string;
  /** Process → action of the lab that makes it begin. CPUs that are not here only take interrupts. */
  begin: Readonly<Record<string, string>>;
  actions: Readonly<Record<string, ActionPlace>>;
}
