/** Lines of the kernel's log that a rate limit has swallowed, or may have: they cannot be missed. */
import type { DatedKernelEvent } from '../../../../evidence/history.ts';
import type { AerFacts } from '../facts.ts';
import type { Report } from '../report.ts';

export interface Swallowed {
  why: string;
  line: DatedKernelEvent;
}

/** DEFAULT_RATELIMIT_BURST and DEFAULT_RATELIMIT_INTERVAL (include/linux/ratelimit_types.h). */
const burst = 10;
const intervalS = 5;

export function swallowedBefore(facts: AerFacts, report: Report): Swallowed | undefined {
  const said = facts.hostKernel.find((line) => line.event.kind === 'suppressed');
  if (said) return { why: 'The kernel suppressed lines', line: said };
  const tenth = limitReached(facts, report);
  return tenth && { why: 'Of each function the kernel logs 10 errors in 5 s', line: tenth };
}

/**
 * The last error that a function might log (feature aerLimitsLines), before the report's last line. The kernel says that
 * it suppressed some only when it next logs one. What a fatal error prints is not limited.
 */
function limitReached({ features, hostKernel }: AerFacts, { lines }: Report): DatedKernelEvent | undefined {
  if (features.aerLimitsLines === false) return undefined;
  const { t, error } = lines.at(-1)!;
  const logged = hostKernel.filter(
    (line) =>
      line.event.kind === 'aer-report' &&
      line.event.severity === 'non-fatal' &&
      line.t - line.error <= t + error &&
      line.t + line.error > t - error - intervalS,
  );
  const bySource = Map.groupBy(logged, ({ event }) => event.kind === 'aer-report' && event.source);
  return [...bySource.values()].find((all) => all.length >= burst)?.[burst - 1];
}
