/** Time budgets by phase. What runs out of time is told with its name and the last words of the machine concerned. */
import { LabBrokeError } from '../errors.ts';
import { referenceSpeed, type Speed } from './speed.ts';

export interface Deadline {
  /** What is being done, as it follows "did not finish:", e.g. `boot of the host`. */
  name: string;
  /** At reference speed. */
  budgetMs: number;
  /** Default: the reference machine's. */
  speed?: Speed;
  /** The caller's own reason to stop, e.g. Ctrl-C. */
  signal?: AbortSignal;
  /** Last console lines, asked when the time is over. */
  lastLines?: () => readonly string[];
}

/**
 * Runs `work` with a signal that aborts when the time is over or the caller's signal does. Settles at that
 * moment even if `work` does not heed its signal.
 * @throws {LabBrokeError} `DEADLINE`; the caller's signal's reason; whatever `work` throws.
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { budgetMs, speed = referenceSpeed, signal } = deadline;
  signal?.throwIfAborted();
  const time = new AbortController();
  const combined = AbortSignal.any([time.signal, ...(signal ? [signal] : [])]);
  const over = Promise.withResolvers<never>();
  combined.addEventListener('abort', () => over.reject(combined.reason), { once: true });
  const timer = setTimeout(() => time.abort(deadlineError(deadline, speed)), speed.scaleBudget(budgetMs));
  try {
    // When the time is over nobody looks at its outcome any more: race() has taken care of its rejection.
    return await Promise.race([work(combined), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function deadlineError({ name, budgetMs, lastLines }: Deadline, speed: Speed): LabBrokeError {
  const scaled = speed.scaleBudget(budgetMs);
  return new LabBrokeError(
    `did not finish: ${name}, within ${scaled} ms (budget ${budgetMs} ms × ${speed.factor.toFixed(2)} for this machine's speed)`,
    {
      code: 'DEADLINE',
      next: 'The last console lines show where it stands; a machine that is busy otherwise needs a larger budget.',
      lastLines: lastLines?.() ?? [],
    },
  );
}
