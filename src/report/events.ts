/** The event stream of a run: the runner emits it, every reporter reads it, and nothing else passes between them. */
import type { Plan } from '../lab/plan.ts';
import type { RunResult, VariantResult } from './result.ts';

/** Times `t` are milliseconds of the harness's monotonic clock since the run began. */
export type RunEvent = { t: number } & (
  | { kind: 'run-start'; plan: Plan; folder: string; repeat: number }
  /** Work before the first variant: kernels, images, the accelerator probe. */
  | { kind: 'prepare'; text: string }
  | { kind: 'variant-start'; variant: string; repetition: number; index: number; count: number }
  | { kind: 'phase-start'; variant: string; phase: string; title: string; budgetMs: number }
  | { kind: 'phase-end'; variant: string; phase: string; ms: number; outcome: 'done' | 'failed' | 'aborted' }
  /** Something worth a line while it happens. `detail` is for `-v`. */
  | { kind: 'note'; variant?: string; level: 'detail' | 'info' | 'warning'; text: string }
  | { kind: 'variant-end'; variant: string; result: VariantResult }
  | { kind: 'run-end'; result: RunResult }
);
export type RunEventKind = RunEvent['kind'];

export type Emit = (event: RunEvent) => void;

/** A reporter hears every event, in order, synchronously; it must not throw. */
export interface Reporter {
  onEvent(event: RunEvent): void;
}

/** One listener for many reporters. */
export function fanOut(reporters: readonly Reporter[]): Emit {
  return (event) => {
    for (const reporter of reporters) reporter.onEvent(event);
  };
}
