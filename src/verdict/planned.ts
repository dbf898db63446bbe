/** What a plan injects: by name, in order, or on a schedule. */
import type { VariantPlan } from '../lab/plan.ts';

export interface PlannedInjection {
  fault: string;
  /** From 0. */
  occurrence: number;
}

/** Every injection that the plan asks for, a fault's own in their order. */
export function plannedInjections(plan: VariantPlan): PlannedInjection[] {
  const actions = plan.phases.flatMap((phase) => phase.actions);
  const planned = actions.flatMap((action): PlannedInjection[] => {
    if (action.do === 'inject') return [{ fault: action.fault, occurrence: 0 }];
    if (action.do !== 'run-schedule') return [];
    return [
      ...action.inOrder.map((fault) => ({ fault, occurrence: 0 })),
      ...action.schedule.flatMap(({ fault, atMs }) => atMs.map((_, occurrence) => ({ fault, occurrence }))),
    ];
  });
  // A plan that was put together by hand may have faults and no action.
  if (planned.length > 0) return planned;
  return Object.keys(plan.faults).map((fault) => ({ fault, occurrence: 0 }));
}
