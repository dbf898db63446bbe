/** A control of a rule: a recording with one thing spoiled, and the finding that must come of it. */
import type { FindingId, VerdictWord } from '../../src/verdict/types.ts';
import type { StoredRunCopy } from './stored-run.ts';

export interface Control {
  name: string;
  run: () => StoredRunCopy;
  verdict: VerdictWord;
  finding: FindingId;
  remedy?: string | undefined;
}
