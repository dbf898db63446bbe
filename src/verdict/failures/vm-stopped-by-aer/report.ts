/** One AER report of the kernel log, with what the model and the trace say of it. */
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import type { Explanation } from '../../../model/aer/explain.ts';
import type { HandlerCall } from '../../../model/aer/handlers.ts';
import type { Observation } from '../../../model/aer/observation.ts';
import type { Prediction } from '../../../model/aer/predict.ts';
import type { Episode } from '../../../model/aer/types.ts';
import type { Evidence } from '../../types.ts';

export interface Report {
  /** Harness time of its first line, seconds, and the bound of its error. */
  t: number;
  error: number;
  source: string;
  port: string;
  /** `aer_inject`'s own line, where it came before. */
  injected?: DatedKernelEvent;
  /** Its lines in the order of the log. */
  lines: DatedKernelEvent[];
  /** Index into `lines` of every observation. */
  origin: number[];
  observations: Observation[];
  /** How many sources its lines name, and how many recoveries have ended. */
  sources: number;
  ends: number;
  /** Undefined: the functions below its port are not on record. */
  episode?: Episode;
  explanation?: Explanation;
  prediction?: Prediction;
  /** Error handlers that the trace shows, in order; absent without a trace. */
  calls?: TracedCall[];
}

export interface TracedCall extends HandlerCall {
  entered: Evidence;
  answered?: Evidence;
}
