/** Findings about kernels in trouble, and about clocks that cannot be trusted. */
import { ofKind } from '../../evidence/harness.ts';
import type { KernelFact } from '../../evidence/kernel-log/parse.ts';
import type { TroubleWhat } from '../../evidence/kernel-log/trouble.ts';
import type { RunFacts } from '../facts.ts';
import { ofKernel } from '../pointers.ts';
import { happenedSince } from '../time.ts';
import type { Finding } from '../types.ts';

/**
 * A slow emulated machine stalls without a fault of its kernel, and a stray interrupt of a freed vector is
 * allowed now and then: these alone do not spoil a run. A guest that is truly dead has three witnesses.
 */
const tolerable: readonly Trouble[] = ['lockup', 'rcu-stall', 'hung-task', 'no-irq-handler'];

export type Trouble = TroubleWhat | 'nobody-cared' | 'no-irq-handler';

/** An alignment worse than this, in seconds, cannot order what the fault did. */
const uncertain = 1;

/**
 * @param since harness time from which trouble counts as the failure's work
 * @param explained from then on told by the failure's own findings
 */
export function kernelFindings(
  facts: RunFacts,
  since: number,
  explained: readonly Trouble[] = [],
): Finding[] {
  return [...trouble(facts, since, explained), ...clocks(facts)];
}

function trouble(facts: RunFacts, since: number, explained: readonly Trouble[]): Finding[] {
  const emulated = ofKind(facts.harness, 'versions').some((event) => event.accelerator === 'tcg');
  return [...facts.history.machines].flatMap(([machine, record]) =>
    record.kernel.flatMap((dated): Finding[] => {
      const { event } = dated;
      const what = troubleOf(event);
      if (!what) return [];
      if (what === 'int3' && machine === 'host' && emulated) {
        return [
          {
            id: 'emulator-broke',
            severity: 'infrastructure',
            title: 'The emulated CPU of the host ran a breakpoint that was there no more',
            text: 'A failure of the emulator (quirk tcg-stale-breakpoint), not of the kernel. Run the variant again.',
            evidence: [ofKernel(dated)],
            rule: 'RUN-EMULATOR',
          },
        ];
      }
      const after = happenedSince(dated.t, dated.error, since);
      if (after && explained.includes(what)) return [];
      return [
        {
          id: 'kernel-trouble',
          severity: after && !tolerable.includes(what) ? 'error' : 'warning',
          title: `Kernel of ${machine}: ${what}`,
          text: `${event.at.message.slice(0, 300)} — ${after ? 'after the fault' : 'before the fault, so not its work'}.`,
          evidence: [ofKernel(dated)],
          rule: 'KERNEL-TROUBLE',
        },
      ];
    }),
  );
}

function troubleOf(fact: KernelFact): Trouble | undefined {
  if (fact.kind === 'trouble') return fact.what;
  return fact.kind === 'nobody-cared' || fact.kind === 'no-irq-handler' ? fact.kind : undefined;
}

function clocks(facts: RunFacts): Finding[] {
  return [...facts.history.machines].flatMap(([machine, record]) =>
    [...record.clocks.values()].flatMap((clock): Finding[] => {
      const loose = Number.isFinite(clock.error) && clock.error > uncertain;
      if (!clock.drifted && !loose) return [];
      return [
        {
          id: 'clock-uncertain',
          severity: 'warning',
          title: `Clock of ${machine} (boot ${clock.boot}) is known to ±${clock.error.toFixed(3)} s only`,
          text: clock.drifted
            ? 'Its markers contradict one fixed offset: the clock drifted, so it is aligned piecewise between them.'
            : 'The markers were written too slowly for a better alignment.',
          evidence: record.kernel
            .filter((dated) => dated.event.kind === 'marker' && dated.event.at.boot === clock.boot)
            .map(ofKernel),
          rule: 'RUN-CLOCK',
        },
      ];
    }),
  );
}
