/** What a diagnosis says. Everything is plain data: `--json` prints it as it is. */
import type { Kind, Place } from './casebook.ts';

export const failureIds = [
  'virtio-vectors-exhausted',
  'vm-stopped-by-aer',
  'vfio-intx-conflict',
  'irq-nobody-cared',
  'vector-setup-race',
] as const;
export type FailureId = (typeof failureIds)[number];

/**
 * `certain`: the lines leave no other explanation that the rules know. `likely`: a step of the chain is inferred.
 * `possible`: fits what is there, but so would other things; collect what is asked for.
 */
export type Confidence = 'certain' | 'likely' | 'possible';
export const confidences: readonly Confidence[] = ['possible', 'likely', 'certain'];

export interface Proof extends Place {
  /** What this line shows. */
  shows: string;
}

export interface Advice {
  /** A command, or what to get. */
  what: string;
  why: string;
}

export interface Remedy {
  what: string;
  /** What it costs or risks. */
  cost: string;
}

export interface Diagnosis {
  id: FailureId;
  /** The root cause, one sentence. */
  cause: string;
  confidence: Confidence;
  /** Why no more and no less. */
  because: string;
  /** From the cause to what the user sees, one step a sentence. */
  story: string[];
  proof: Proof[];
  collect: Advice[];
  remedies: Remedy[];
  lab: LabSketch;
}

/** A lab that reproduces it here, or why there is none. */
export type LabSketch = { available: true; lab: object; scale: string } | { available: false; why: string };

/** Trouble that is no interrupt problem, and what it is. */
export interface OtherProblem {
  what: string;
  advice: string;
  count: number;
  first: Place;
}

export interface FileRead {
  file: string;
  /** What it holds, most frequent first; empty: nothing that a rule can read. */
  kinds: string[];
  lines: number;
  bytes: number;
  /** Why not all of it was read, or not wholly. */
  partial?: string;
}

export type Answer =
  /** An interrupt failure is explained: `diagnoses[0]`. */
  | 'root-cause'
  /** There is trouble, and it is not of interrupts. */
  | 'not-interrupts'
  /** Logs that would show it hold nothing of the kind. */
  | 'nothing-wrong'
  /** Something is wrong with interrupts that no rule explains, or what was given cannot tell. */
  | 'unknown';

export interface Report {
  answer: Answer;
  /** Most certain first. */
  diagnoses: Diagnosis[];
  others: OtherProblem[];
  /** Signs of interrupt trouble that no diagnosis accounts for. */
  unexplained: { kind: Kind; count: number; first: Place }[];
  files: FileRead[];
  machine: MachineRead;
  /** What the answer may lack. */
  partial: string[];
}

export interface MachineRead {
  release?: string;
  cpus?: number;
  nodes?: number;
}

/** One rule's contribution: a diagnosis and the signs that it accounts for. */
export interface Finding {
  diagnosis: Diagnosis;
  explains: readonly Kind[];
}
