/** The cures that were proposed for the vector set-up race, against both of its problems: one search a cell. */
import type { Scenario } from '../model/race/scenario.ts';
import type { VectorSetupOptions } from '../model/race/vector-setup/layout.ts';
import { vectorSetup } from '../model/race/vector-setup/vector-setup.ts';
import { type Exploration, type ExploreOptions, explore } from './explore.ts';

export const cures = {
  none: { title: 'no cure', options: {} },
  locking: { title: 'the slot is read again under vector_lock (upstream)', options: { locking: true } },
  repair: { title: 'the slot is repaired after request_irq (rejected)', options: { repair: true } },
  inject: { title: 'the interrupt is injected once more after the VFIO call', options: { inject: true } },
  'locking+inject': { title: 'both: read again, and injected', options: { locking: true, inject: true } },
} as const satisfies Record<string, { title: string; options: Partial<VectorSetupOptions> }>;
export type CureId = keyof typeof cures;

export const problems = {
  overwrite: 'the handler of a live vector is overwritten',
  loss: 'an interrupt is never handled',
} as const;
export type ProblemId = keyof typeof problems;

export type Bounds = Partial<Pick<VectorSetupOptions, 'devices' | 'cpus' | 'raises' | 'switches'>>;

export interface Cell {
  cure: CureId;
  problem: ProblemId;
  owner: VectorSetupOptions['owner'];
  result: Exploration;
  scenario: Scenario;
}

/** @param only a cure, or all of them */
export function* cureTable(
  bounds: Bounds,
  only: readonly CureId[],
  options: ExploreOptions = {},
): Generator<Cell> {
  for (const cure of only)
    for (const problem of Object.keys(problems) as ProblemId[])
      for (const owner of ['driver', 'vfio'] as const) {
        const whole = vectorSetup({ ...bounds, ...cures[cure].options, owner });
        const scenario = {
          ...whole,
          ...(problem === 'overwrite' ? { leadsTo: [] } : { invariants: [] }),
        };
        yield { cure, problem, owner, scenario, result: explore(scenario, options) };
      }
}
