/** From the interrupt that nobody knows to the disk that crawls, each step with its evidence. */
import { debianHz, pollPeriodMs } from '../../../model/genirq/poller.ts';
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { RuleId } from '../../rules.ts';
import type { ChainStep, Evidence } from '../../types.ts';
import type { NobodyCaredFacts, StormFacts } from './facts.ts';
import { counts } from './findings/line.ts';
import { crawls, rateText, works } from './traffic.ts';
import { answersText, innocents, isMisrouted, isThreaded, list, sourcesOf } from './words.ts';

function step(text: string, rule: RuleId, evidence: Evidence[]): ChainStep {
  return { text, seen: evidence.length > 0, rule, evidence };
}

export function causalChain(facts: NobodyCaredFacts): ChainStep[] {
  return facts.storms.flatMap((storm) =>
    storm.outlook ? [...stormSteps(facts, storm), ...felt(facts, storm)] : [],
  );
}

function stormSteps(facts: NobodyCaredFacts, storm: StormFacts): ChainStep[] {
  const { outlook, trips, after } = storm;
  const irq = after!.irq;
  const [source] = sourcesOf(facts, storm);
  const named = facts.functions.named(storm.fault.source);
  const who = source ?? named;
  const label = who?.label ?? storm.fault.source;
  const steps = [
    who && isMisrouted(who, irq) && storm.fault.onto !== undefined
      ? step(
          `${label} raises its INTx. Linux expects it on irq ${who.irq}; the chipset sends it to irq ${irq}.`,
          'IRQ-SOURCE',
          [...who.evidence, ...(storm.proof ? [ofHarness(storm.proof)] : [])],
        )
      : step(
          `${label} asserts its INTx${who?.disabled ? ', and its Interrupt Disable bit keeps it from the line' : ` on irq ${irq}`}${who?.driver === undefined ? '; no driver has it' : ''}.`,
          'IRQ-SOURCE',
          [...(who?.evidence ?? []), ...(storm.proof ? [ofHarness(storm.proof)] : [])],
        ),
  ];
  if (outlook!.interrupts > 0)
    steps.push(
      step(
        `${users(facts, storm)} A level interrupt that is not answered comes again at once: ${outlook!.interrupts} of them; ${answersText(storm)}.`,
        isThreaded(storm) ? 'IRQ-THREADED' : 'IRQ-TRIP',
        counts(storm),
      ),
    );
  const [trip] = trips;
  if (!trip) return steps;
  const { firstJudgement, passed } = outlook!;
  const when = passed === 0 ? `with interrupt ${firstJudgement}` : `at its judgement number ${passed + 1}`;
  steps.push(
    step(
      `The kernel, which counts them, has enough ${when}: nobody cared, and irq ${irq} is switched off for all who share it.`,
      'IRQ-TRIP',
      [trip.cared, ...trip.handlers.map(({ dated }) => dated), trip.disabled].map(ofKernel),
    ),
  );
  return steps;
}

function users(facts: NobodyCaredFacts, storm: StormFacts): string {
  const found = innocents(facts, storm);
  if (found.length === 0) return 'Nobody listens there.';
  return `The only one${found.length === 1 ? '' : 's'} to listen there: ${list(found.map(({ label, driver }) => `${label} by ${driver}`))}.`;
}

/** What the line's users have of it, and what the remedy made of that. */
function felt({ traffic, plan }: NobodyCaredFacts, { trips }: StormFacts): ChainStep[] {
  if (trips.length === 0) return [];
  const steps: ChainStep[] = [];
  for (const { plan: check, before, after, end } of traffic) {
    const slow = [after, end].find(crawls);
    if (slow)
      steps.push(
        step(
          `From now on the line's handlers are called by a timer, every ${pollPeriodMs(debianHz)} ms: ${check.over} makes ${rateText(slow)}, and made ${rateText(before)} before.`,
          'IRQ-POLL',
          [before, slow].filter((event) => event !== undefined).map(ofHarness),
        ),
      );
    const dead = [after, end].find((event) => event?.received === 0);
    if (dead)
      steps.push(
        step(
          `${check.over} itself is dead: its interrupts do not arrive where its driver waits, and nobody polls that line.`,
          'TRAFFIC',
          [ofHarness(dead)],
        ),
      );
  }
  const [, again] = trips;
  if (again)
    steps.push(
      step(
        'The line is requested again, which enables it, and goes off again: the storm is still there.',
        'IRQ-REARM',
        [ofKernel(again.cared), ofKernel(again.disabled)],
      ),
    );
  const well = traffic.flatMap(({ end }) => (end && works(end) ? [end] : []));
  if (plan.remedy.id !== 'none' && well.length === traffic.length)
    steps.push(
      step(
        'A handler is requested on the line again, which enables it; nothing storms any more, and all traffic works.',
        'IRQ-REARM',
        well.map(ofHarness),
      ),
    );
  return steps;
}
