/** What a failure of `failures/` is: one pure function from the facts of a run to an account of it. */
import type { RunFacts } from './facts.ts';
import type { RaceAccount } from './failures/interrupt-lost/index.ts';
import type { DisksAccount } from './failures/virtio-blk-probe-failed/account.ts';
import type { Confirm } from './findings/faults.ts';
import type { Trouble } from './findings/kernel.ts';
import type { ChainStep, Finding } from './types.ts';

export type Failure = (facts: RunFacts) => Account;

export interface Account {
  /** All that this failure's rules found, besides what `judge.ts` finds in every run. */
  findings: Finding[];
  /** What has to be true of a proved injection besides, so that it counts. */
  confirm?: Confirm;
  /** Kernel trouble dated before this harness time is not the failure's work. */
  since: number;
  /** Kernel trouble that the findings already tell, and better. */
  explains?: readonly Trouble[];
  /** One sentence: the failure happened, with proof. Undefined: it did not, or nothing proves it. */
  happened: string | undefined;
  /** Any finding that is an error is this failure: it is about all that has to go well. */
  everyError?: true;
  /** One sentence for a run without the failure and without any error finding. */
  cleanBecause: string;
  /** Where the failure happened and a remedy was tried: everything works again at the end. */
  cured: boolean;
  /** From the cause to what was felt; asked for only where the verdict can tell. */
  chain: (findings: readonly Finding[]) => ChainStep[];
  /** Of a run with many disks: every slot of the vector matrix. */
  disks?: DisksAccount;
  /** Of a race that was forced from a counterexample of the explorer. */
  race?: RaceAccount;
}
