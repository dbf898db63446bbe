/** What the verdict says of one variant. Everything in it points at lines of the run's evidence. */
import type { RemedyEffect } from '../lab/plan.ts';
import type { RaceAccount } from './failures/interrupt-lost/index.ts';
import type { DisksAccount } from './failures/virtio-blk-probe-failed/account.ts';
import type { RuleId } from './rules.ts';

export type VerdictWord = 'reproduced' | 'clean' | 'inconclusive';

/** A line of the run folder that something rests on. */
export interface Evidence {
  /** Name inside the variant's folder. */
  file: string;
  /** 1-based. */
  line: number;
  text: string;
  /** Harness time in seconds, where the line can be dated. */
  t?: number;
  /** Bound of the error of `t` in seconds; absent where `t` is the harness's own. */
  error?: number;
  machine?: string;
}

/**
 * `error`: the system under test did wrong. `warning`: notable. `info`: what happened. `infrastructure`: the
 * run cannot tell, by no fault of the system under test; each makes the verdict inconclusive.
 */
export type Severity = 'error' | 'warning' | 'info' | 'infrastructure';

/** By the failure whose rules make them; `any` are those of every run. */
export const findingsOf = {
  any: [
    'run-broke',
    'emulator-broke',
    'evidence-missing',
    'evidence-cut',
    'kernel-trouble',
    'interrupt-unhandled',
    'interrupt-discarded',
    'clock-uncertain',
    'remedy-unproved',
    'evidence-contradicts',
    'fault-proved',
    'fault-unproved',
    'fault-not-healed',
    'invariant-broken',
    'invariant-late',
    'invariant-unchecked',
  ],
  /** Of failures that check guests and traffic. */
  machines: ['guest-lost', 'witnesses-disagree', 'pf-broken', 'traffic-lost', 'traffic-lossy', 'no-baseline'],
  'vm-stopped-by-aer': [
    'vm-stopped-by-aer',
    'pf-recovered',
    'pf-recovery-failed',
    'error-reported-only',
    'guest-silent',
    'guest-restored',
    'unexpected-event',
    'wrong-vms-stopped',
  ],
  /** Of failures that follow the vectors. */
  vectors: ['vectors-leaked', 'impossible-event'],
  'resources-leaked': [
    'resource-leaked',
    'resource-lost',
    'removal-hangs',
    'unplugged-unasked',
    'all-returned',
  ],
  // Its guests and its forecast have the ids that others have for theirs.
  'vfio-intx-conflict': [
    'vfio-intx-conflict',
    'guest-not-started',
    'intx-shared',
    'intx-masking',
    'register-left-changed',
  ],
  'interrupt-lost': ['race-forced', 'race-astray', 'interrupt-lost', 'slot-overwritten', 'interrupt-foreign'],
  'virtio-blk-probe-failed': [
    'virtio-blk-probe-failed',
    'vectors-exhausted',
    'fallback-shared',
    'fallback-intx',
    'irq0-conflict',
    'guard-enospc',
    'disk-unreadable',
    'slots-returned',
    'prediction-kept',
    'prediction-missed',
    'prediction-not-made',
  ],
  'irq-nobody-cared': [
    'irq-disabled',
    'trip-as-predicted',
    'trip-not-as-predicted',
    'line-survived',
    'storm-source',
    'storm-source-unknown',
    'victim-crawls',
    'victim-recovered',
  ],
} as const;
export type FindingId = (typeof findingsOf)[keyof typeof findingsOf][number];
export const findingIds: readonly FindingId[] = Object.values(findingsOf).flat();

export interface Finding {
  id: FindingId;
  severity: Severity;
  /** One line, for lists. */
  title: string;
  /** What was seen and what it means, in a few sentences. */
  text: string;
  evidence: Evidence[];
  rule: RuleId;
}

/** A step of the causal chain. */
export interface ChainStep {
  text: string;
  /** True: the evidence shows it. False: nothing in the logs says it; it follows from `rule`. */
  seen: boolean;
  rule: RuleId;
  evidence: Evidence[];
}

export interface Verdict {
  verdict: VerdictWord;
  /** Why, in one sentence. */
  reason: string;
  findings: Finding[];
  /** From the error to what the guests felt; empty when inconclusive. */
  chain: ChainStep[];
  /** Of a run with many disks: every slot of the vector matrix, and what the disks came to. */
  disks?: DisksAccount;
  /** Of a race that was forced from a counterexample: a cell of the table of cures and problems, on this kernel. */
  race?: RaceAccount;
  /** Present when a remedy was tried and the verdict can tell. */
  remedy?: RemedyEffect;
  asExpected: boolean;
  /** What differs from the plan's expectation, one sentence each. */
  differences: string[];
}
