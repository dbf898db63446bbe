/**
 * What a run found out: `result.json`, and what every reporter at the end of a run reads. Documented for its
 * readers in docs/result.md; `schemaVersion` goes up when a reader that knows this version would be misled.
 */
import type { Expectation, FailureId, RemedyEffect } from '../lab/plan.ts';
import type { Accelerator } from '../machine/spec.ts';
import type { RaceAccount } from '../verdict/failures/interrupt-lost/index.ts';
import type { DisksAccount } from '../verdict/failures/virtio-blk-probe-failed/account.ts';

export interface RunResult {
  schemaVersion: 1;
  /** Name of the lab. */
  lab: string;
  title: string;
  /** Path of the lab file as the user gave it. */
  file: string;
  /** Wall clock, ISO 8601, UTC. */
  startedAt: string;
  durationMs: number;
  /** What ended the run early. */
  interrupted?: 'SIGINT' | 'SIGTERM';
  variants: VariantResult[];
  /** Races that were forced from a counterexample, in the model. */
  races?: RaceSummary[];
  /** What every choice by chance was drawn from; absent where nothing was. `--seed` repeats it. */
  seed?: number;
  /** What was used, exactly: kernels, QEMU, firmware, images, vflab, node. Name → version. */
  versions: Record<string, string>;
  accelerator: Accelerator;
  /** Facts of the machine that ran this: cpus, memory, operating system. */
  environment: Record<string, string>;
  /** The run folder. */
  folder: string;
}

/** One race in the model: every cure against every problem. `steps`: the shortest way to the problem, where there is one. */
export interface RaceSummary {
  model: string;
  title: string;
  /** Of the search, in words. */
  bounds: string;
  /** Name → in words. */
  cures: Readonly<Record<string, string>>;
  problems: Readonly<Record<string, string>>;
  /** What the table says, in words; empty where the search came out otherwise than the race's author found. */
  conclusions: readonly string[];
  cells: {
    cure: string;
    problem: string;
    /** The search went to its end. */
    complete: boolean;
    steps?: { process: string; text: string }[];
    processes?: readonly string[];
  }[];
}

export interface VariantResult {
  /** `6.12+reset-vm` */
  id: string;
  axes: Record<string, string>;
  /** 1 unless `--repeat`. */
  repetition: number;
  failure: FailureId;
  expect: Expectation;
  verdict: Verdict;
  /** Why this verdict, one sentence. */
  reason: string;
  asExpected: boolean;
  /** Each departure from what was expected, one sentence. */
  mismatches: string[];
  /** The remedy that was tried; absent for none. `effect` is absent when it could not be told. */
  remedy?: { id: string; title: string; effect?: RemedyEffect };
  findings: ResultFinding[];
  chain: ResultStep[];
  /** Of a run with many disks: every slot of the vector matrix, and what the disks came to. */
  disks?: DisksAccount;
  /** Of a race that was forced from a counterexample: was its problem seen on this kernel? */
  race?: RaceAccount & { forced: { cure: string; problem: string } };
  /** Emulator quirks that the host's command line works around, by id of src/machine/quirks.ts. */
  quirksAvoided?: readonly string[];
  /** The lab broke. The verdict is then inconclusive. */
  error?: ResultError;
  durationMs: number;
  phases: { name: string; title: string; ms: number; budgetMs: number }[];
  /** Of this variant's evidence. */
  folder: string;
  /** Attempts before this one that a known quirk of the emulator broke; each has a folder of its own. */
  brokenByEmulator?: { quirk: string; folder: string }[];
}

export type Verdict = 'reproduced' | 'clean' | 'inconclusive';

export interface ResultFinding {
  id: string;
  severity: string;
  title: string;
  text: string;
  /** The rule of the model, with its source. */
  rule: string;
  evidence: ResultEvidence[];
}

/** One step of the causal chain. `inferred`: nothing recorded shows it; it follows from the model. */
export interface ResultStep {
  text: string;
  evidence: ResultEvidence[];
  inferred?: boolean;
}

/** One line of the evidence. `file` is relative to the variant's folder, `line` 1-based. */
export interface ResultEvidence {
  file: string;
  line: number;
  text: string;
  /** Seconds since the variant began. */
  t?: number;
  machine?: string;
}

export interface ResultError {
  code: string;
  message: string;
  phase?: string;
  next?: string;
  /** The emulator quirk that did it, by id of src/machine/quirks.ts. */
  quirk?: string;
  lastLines: readonly string[];
}
