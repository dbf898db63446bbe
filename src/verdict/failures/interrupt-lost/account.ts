/** What a forced race says in the words of its model: one cell, or several, of the table of cures and problems. */
import { handledBetween, outstanding, type RaceFacts, wentAsPlanned } from './facts.ts';
import { foreignCount, isOverwritten, lostCount } from './findings.ts';

export interface RaceAccount {
  model: string;
  /** What the kernel and the remedy amount to, by the model's names of its variants. */
  cure: string;
  /** Problem → whether it was seen on the kernel in this order. A problem that was not may come in another. */
  seen: Record<string, boolean>;
}

type Cell = Omit<RaceAccount, 'model'>;

/** Model → the cell of a kernel that has the locking fix, or has it not. */
const cells: Readonly<Record<string, (facts: RaceFacts, locked: boolean) => Cell>> = {
  'vector-setup': (facts, locked) => {
    const injects = facts.plan.phases.some(({ actions }) =>
      actions.some((action) => action.do === 'inject-interrupt'),
    );
    return {
      cure: [...(locked ? ['locking'] : []), ...(injects ? ['inject'] : [])].join('+') || 'none',
      seen: {
        'overwrite-vfio': isOverwritten(facts),
        'loss-vfio': lostCount(facts) > 0 && !(injects && isCured(facts)),
      },
    };
  },
  unplug: (facts, locked) => ({
    cure: locked ? '6.12' : '6.1',
    seen: { wipe: isOverwritten(facts), foreign: foreignCount(facts) > 0 },
  }),
};

/** Of a race that went as the explorer's counterexample has it. */
export function raceAccount(facts: RaceFacts): RaceAccount | undefined {
  const { race: plan } = facts.plan;
  const locked = facts.features.vectorSetupLocked;
  if (plan?.order.from !== 'explorer' || locked === 'unknown' || !wentAsPlanned(facts)) return undefined;
  const cell = cells[plan.model]?.(facts, locked);
  return cell && { model: plan.model, ...cell };
}

/** Nothing waits any more, and what was raised afterwards came. */
export function isCured(facts: RaceFacts): boolean {
  const later = handledBetween(facts, 'after-fault', 'end');
  const timeouts = (facts.counts('end')?.timeouts ?? 0) - (facts.counts('after-fault')?.timeouts ?? 0);
  return (
    later !== undefined &&
    later.raised > 0 &&
    later.handled >= later.raised &&
    timeouts === 0 &&
    outstanding(facts.counts('end')) === 0
  );
}
