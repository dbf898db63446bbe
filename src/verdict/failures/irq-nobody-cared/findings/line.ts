/** Findings about the line: switched off or not, at which interrupt, who raised it, and who only shares it. */
import { judgedAt, toleratedUnhandled } from '../../../../model/genirq/spurious.ts';
import { ofHarness, ofKernel } from '../../../pointers.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { NobodyCaredFacts, StormFacts, Trip } from '../facts.ts';
import { answersText, innocents, isMisrouted, isThreaded, list, sourcesOf } from '../words.ts';

export function lineFindings(facts: NobodyCaredFacts): Finding[] {
  return facts.storms.flatMap((storm) => {
    const [first] = storm.trips;
    if (!storm.outlook) return [];
    return [
      ...(first ? [disabled(facts, storm, first), source(facts, storm)] : unsaid(facts, storm)),
      againstModel(storm, first),
    ];
  });
}

export function counts({ before, after, looks, at }: StormFacts): Evidence[] {
  const moving = looks.filter((look, i) => i === 0 || look.interrupts !== looks[i - 1]!.interrupts);
  const shown = [moving[0], moving.at(-1)].filter((look) => look !== undefined);
  return [
    ...(before ? [ofHarness(before)] : []),
    ...new Set(shown.map(at)),
    ...(after ? [ofHarness(after)] : []),
  ];
}

function disabled(
  facts: NobodyCaredFacts,
  storm: StormFacts,
  { cared, handlers, disabled: off }: Trip,
): Finding {
  const irq = storm.after!.irq;
  const names = list([...new Set(handlers.map(({ name }) => name))]);
  const users = list(innocents(facts, storm).map(({ label }) => label));
  return {
    id: 'irq-disabled',
    severity: 'error',
    title: `irq ${irq} was switched off after ${storm.outlook!.interrupts} interrupts`,
    text: `Its handler${handlers.length === 1 ? '' : 's'} ${names}${users ? `, of ${users},` : ''} looked each time and disowned them: ${answersText(storm)}.${storm.trips.length > 1 ? ` It was requested again, and went off again, ${storm.trips.length - 1} time${storm.trips.length === 2 ? '' : 's'}.` : ''}`,
    evidence: [cared, ...handlers.map(({ dated }) => dated), off].map(ofKernel),
    rule: 'IRQ-TRIP',
  };
}

/** A line that is on and has a handler goes on as long as its source asserts. */
function unsaid(facts: NobodyCaredFacts, storm: StormFacts): Finding[] {
  const stuck = sourcesOf(facts, storm).filter(({ driver }) => driver === undefined);
  if (stuck.length === 0 || innocents(facts, storm).length === 0) return [];
  return [
    {
      id: 'evidence-contradicts',
      severity: 'infrastructure',
      title: `${list(stuck.map(({ label }) => label))} still asserts its INTx, and irq ${storm.after!.irq} is still`,
      text: 'So the line is off, and the kernel’s log does not say that it switched it off.',
      evidence: stuck.flatMap(({ evidence }) => evidence),
      rule: 'IRQ-SOURCE',
    },
  ];
}

function source(facts: NobodyCaredFacts, storm: StormFacts): Finding {
  const irq = storm.after!.irq;
  const sources = sourcesOf(facts, storm);
  const [first] = sources;
  if (!first)
    return {
      id: 'storm-source-unknown',
      severity: 'warning',
      title: `Who raised irq ${irq} is not to be seen`,
      text: 'No function says any more that it asserts its INTx; its interrupt may have ended by itself.',
      evidence: [],
      rule: 'IRQ-SOURCE',
    };
  const misrouted = isMisrouted(first, irq);
  return {
    id: 'storm-source',
    severity: 'info',
    title: `${list(sources.map(({ label }) => label))} raised irq ${irq}`,
    text: misrouted
      ? `It asserts its INTx, which Linux expects on irq ${first.irq}, where its driver ${first.driver ?? '(none)'} listens. The chipset sends it to irq ${irq}.`
      : `It asserts its INTx, which is wired to irq ${irq}, and ${first.driver === undefined ? 'no driver of this kernel has it' : `its driver ${first.driver} does not make it stop`}.`,
    evidence: sources.flatMap(({ evidence }) => evidence),
    rule: 'IRQ-SOURCE',
  };
}

function againstModel(storm: StormFacts, trip: Trip | undefined): Finding {
  const { departure, interrupts, firstJudgement, passed, mostUnhandled } = storm.outlook!;
  const irq = storm.after!.irq;
  const evidence = [...counts(storm), ...(trip ? [ofKernel(trip.disabled)] : [])];
  const rule = isThreaded(storm) ? 'IRQ-THREADED' : 'IRQ-TRIP';
  if (departure !== undefined)
    return {
      id: 'trip-not-as-predicted',
      severity: 'error',
      title: `The model does not explain what irq ${irq} did: ${departure}`,
      text: `Foretold was a judgement at interrupt ${firstJudgement} of the storm.`,
      evidence,
      rule,
    };
  if (trip) {
    const later =
      passed > 0
        ? ` ${passed} judgement${passed === 1 ? '' : 's'} before it let the line pass: enough had been handled, or a pause of more than 100 ms had restarted the count of unhandled ones.`
        : '';
    return {
      id: 'trip-as-predicted',
      severity: 'info',
      title: `irq ${irq} went off at interrupt ${interrupts}, as the model foretold`,
      text: `Its counter stood at ${storm.before!.count}, so the first judgement was due at interrupt ${firstJudgement}.${later}`,
      evidence,
      rule,
    };
  }
  const why =
    interrupts === 0
      ? 'no interrupt of the storm reached it'
      : passed > 0
        ? `of ${judgedAt} interrupts, with which it judges, never more than ${mostUnhandled} were unhandled without a pause of 100 ms, and ${toleratedUnhandled} are tolerated`
        : `${interrupts} interrupts came, and the first judgement is at ${firstJudgement}`;
  return {
    id: 'line-survived',
    severity: 'info',
    title: `irq ${irq} stayed on, as the model foretold`,
    text: `The kernel did not switch it off: ${why}. ${answersText(storm)}.`,
    evidence,
    rule,
  };
}
