/** Whether a guest lives: what its three witnesses said at a moment. */
import type { Recorded } from '../evidence/harness.ts';

export type Witness = 'ssh' | 'serial' | 'qmp';
export const witnessNames: readonly Witness[] = ['ssh', 'serial', 'qmp'];

export interface WitnessAnswers {
  answers: Recorded<'witness'>[];
  /** `split`: they disagree. `missing`: fewer than three answered. */
  say: 'alive' | 'dead' | 'split' | 'missing';
}

/** @param witnesses what was asked of one guest */
export function answersAt(witnesses: readonly Recorded<'witness'>[], moment: string): WitnessAnswers {
  const answers = witnessNames.flatMap((name) => {
    const last = witnesses.findLast((event) => event.witness === name && event.moment === moment);
    return last ? [last] : [];
  });
  if (answers.length < witnessNames.length) return { answers, say: 'missing' };
  const alive = answers.filter((answer) => answer.alive).length;
  return { answers, say: alive === 0 ? 'dead' : alive === answers.length ? 'alive' : 'split' };
}
