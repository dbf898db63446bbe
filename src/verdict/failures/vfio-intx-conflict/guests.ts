/** Findings about guests that were started: they live, and what goes over their functions comes back. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { Moment } from '../../../lab/plan.ts';
import { ofHarness } from '../../pointers.ts';
import type { Finding } from '../../types.ts';
import type { IntxFacts } from './facts.ts';

/** Guests that ran at this moment, so far as it came: by their last start before it. */
function running({ attempts, plan }: IntxFacts, t: number): string[] {
  return plan.guests
    .map(({ id }) => id)
    .filter((id) => attempts.findLast(({ guest, event }) => guest === id && event.t <= t)?.event.started);
}

export function guestFindings(facts: IntxFacts): Finding[] {
  return (['after-guests', 'after-remedy'] as const).flatMap((moment) => [
    ...lost(facts, moment),
    ...traffic(facts, moment),
  ]);
}

/** All guests run, live, and their traffic works, at the last look. */
export function allWell(facts: IntxFacts): boolean {
  const last = lastLook(facts);
  if (last === undefined) return false;
  const alive = running(facts, last);
  return (
    facts.plan.guests.every(({ id }) => alive.includes(id)) &&
    guestFindings(facts).every((finding) => finding.severity !== 'error')
  );
}

function lastLook({ harness }: IntxFacts): number | undefined {
  return ofKind(harness, 'snapshot').findLast(
    ({ moment }) => moment === 'after-guests' || moment === 'after-remedy',
  )?.t;
}

function lost(facts: IntxFacts, moment: Moment): Finding[] {
  const answers = ofKind(facts.harness, 'witness').filter((event) => event.moment === moment);
  const first = answers[0]?.t;
  if (first === undefined) return [];
  return running(facts, first).flatMap((guest): Finding[] => {
    const last = lastRound(answers.filter(({ machine }) => machine === guest));
    if (last.length > 0 && last.every(({ alive }) => alive)) return [];
    return [
      {
        id: 'guest-lost',
        severity: 'error',
        title: `${guest} was started, and does not answer`,
        text: `${
          last
            .filter(({ alive }) => !alive)
            .map(({ witness, answer }) => `${witness}: ${answer}`)
            .join('; ') || 'Nobody asked it'
        }.`,
        evidence: last.map(ofHarness),
        rule: 'VM-WITNESSES',
      },
    ];
  });
}

function lastRound(answers: readonly Recorded<'witness'>[]): Recorded<'witness'>[] {
  return [...new Map(answers.map((answer) => [answer.witness, answer])).values()];
}

function traffic(facts: IntxFacts, moment: Moment): Finding[] {
  return ofKind(facts.harness, 'traffic')
    .filter((event) => event.moment === moment && event.received < event.sent)
    .filter(({ from, over, t }) => isThere(facts, from, over, t))
    .map((event) => ({
      id: 'traffic-lost',
      severity: 'error',
      title: `Traffic over ${event.over} from ${event.from} does not come back: ${event.received} of ${event.sent}`,
      text: event.output.slice(0, 300),
      evidence: [ofHarness(event)],
      rule: 'TRAFFIC',
    }));
}

/** Nothing is expected of a guest that was not started, nor of a function that the remedy took away. */
function isThere(facts: IntxFacts, from: string, over: string, t: number): boolean {
  const gone = ofKind(facts.harness, 'remedy').some(
    (event) =>
      ['unbind', 'remove'].includes(event.step) && event.t <= t && event.detail.split(' ')[0] === over,
  );
  return !gone && (from === 'host' || running(facts, t).includes(from));
}
