/** Findings of a forced race: whether it could be forced, what became of the interrupt, and of its slot. */
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { Evidence, Finding } from '../../types.ts';
import { handledBetween, outstanding, type RaceFacts, wentAsPlanned } from './facts.ts';

export function raceFindings(facts: RaceFacts): Finding[] {
  return [
    ...order(facts),
    ...baseline(facts),
    ...lost(facts),
    ...overwritten(facts),
    ...foreign(facts),
    ...contradicted(facts),
  ];
}

function order(facts: RaceFacts): Finding[] {
  const { race, steps } = facts;
  const bad = steps.find(({ done }) => !done);
  if (wentAsPlanned(facts)) {
    if (race!.steps === 0) return [];
    return [
      {
        id: 'race-forced',
        severity: 'info',
        title: `The race was forced: all ${race!.steps} steps came about`,
        text: `${race!.title}. Each CPU was held and let go at the places that the schedule names.`,
        evidence: [ofHarness(race!), ...steps.map((step) => ofHarness(step))],
        rule: 'RACE-ORDER',
      },
    ];
  }
  const where = bad?.stands?.map(({ cpu, rip }) => `${cpu} stood at ${rip}`).join(', ');
  return [
    {
      id: 'race-astray',
      severity: 'infrastructure',
      title: bad
        ? `The kernel took another way: step ${bad.step}${bad.cpu ? `, ${bad.cpu}` : ''} ${bad.text}`
        : 'The race was not driven to its end',
      text: bad
        ? `${where ? `${where}. ` : ''}All CPUs were let go; what came after it says nothing about the race.`
        : `${steps.length} of ${race?.steps ?? 'an unknown number of'} steps are on record.`,
      evidence: bad ? [ofHarness(bad)] : [],
      rule: 'RACE-ORDER',
    },
  ];
}

function baseline(facts: RaceFacts): Finding[] {
  const before = facts.counts('before-fault');
  if (before && before.handled > 0 && outstanding(before) === 0) return [];
  return [
    {
      id: 'no-baseline',
      severity: 'infrastructure',
      title: 'Nothing shows that the interrupt worked before the race',
      text: 'An interrupt that never came at all cannot be lost.',
      evidence: before ? [ofHarness(before)] : [],
      rule: 'RACE-LOST',
    },
  ];
}

/** Interrupts that were raised in the race and did not come. */
export function lostCount(facts: RaceFacts): number {
  const during = handledBetween(facts, 'before-fault', 'after-fault');
  return during ? Math.max(0, during.raised - during.handled) : 0;
}

function lost(facts: RaceFacts): Finding[] {
  const n = lostCount(facts);
  if (!wentAsPlanned(facts) || n === 0) return [];
  const after = facts.counts('after-fault')!;
  return [
    {
      id: 'interrupt-lost',
      severity: 'error',
      title: `${n} interrupt of ${facts.raced!.function} raised in the race and never handled`,
      text: `${after.raised} raised, ${after.handled} handled, and the CPU that they go to has taken all that it was sent: it has run a program since. The device waits for an answer, and raises nothing more until it has one.`,
      evidence: [
        ofHarness(after),
        ...facts.steps.filter(({ verb }) => verb === 'do').map((s) => ofHarness(s)),
      ],
      rule: 'RACE-LOST',
    },
  ];
}

/** Two witnesses: the slot in the kernel's memory, and interrupts that find no handler in it. */
export function isOverwritten(facts: RaceFacts): boolean {
  return slotIsGone(facts) === true && facts.messages.length > 0;
}

function slotIsGone(facts: RaceFacts): boolean | undefined {
  const at = facts.slotAt('end') ?? facts.slotAt('after-fault');
  return at && !(at.slot?.holds === 'irq' && at.slot.irq === facts.raced?.irq);
}

function overwritten(facts: RaceFacts): Finding[] {
  if (!wentAsPlanned(facts) || !isOverwritten(facts)) return [];
  const { race, raced, messages } = facts;
  const whose = race!.neighbour
    ? `, which ${raced!.function} was given when ${race!.function} was taken away`
    : '';
  const slots = ['before-fault', 'after-fault', 'end'].flatMap((moment) => facts.slotAt(moment) ?? []);
  const later = handledBetween(facts, 'after-fault', 'end');
  const evidence: Evidence[] = [...slots.map((slot) => slot.evidence), ...messages.slice(0, 3).map(ofKernel)];
  return [
    {
      id: 'slot-overwritten',
      severity: 'error',
      title: `The handler of irq ${raced!.irq} is gone from vector_irq[${race!.vector}] of CPU${race!.cpu}${whose}`,
      text: `The slot in the kernel’s memory, before the race and after it: ${slots.map((slot) => slot.text).join(', ')}. The irq is set up and its vector is allocated, and ${messages.length} interrupt${messages.length === 1 ? '' : 's'} found no handler there. Of ${later?.raised ?? 0} raised afterwards ${later?.handled ?? 0} were handled.`,
      evidence,
      rule: 'RACE-SLOT',
    },
  ];
}

/** The interrupts that came unasked, in the race. */
export function foreignCount(facts: RaceFacts): number {
  return handledBetween(facts, 'before-fault', 'after-fault')?.spurious ?? 0;
}

/** A late interrupt of the device that had the vector before calls the handler of the one that has it now. */
function foreign(facts: RaceFacts): Finding[] {
  const n = foreignCount(facts);
  const { race, raced } = facts;
  if (!wentAsPlanned(facts) || n === 0 || !race?.neighbour) return [];
  return [
    {
      id: 'interrupt-foreign',
      severity: 'info',
      title: `The handler of ${raced!.function} was called ${n === 1 ? 'once' : `${n} times`} for an interrupt that ${race.function} had raised`,
      text: 'It finds nothing to do. Every driver has to bear that: a vector that is free is given to the next, and what is late comes to it.',
      evidence: [ofHarness(facts.counts('after-fault')!)],
      rule: 'RACE-FOREIGN',
    },
  ];
}

/** The slot, the kernel's words and the later interrupts have to tell one story. */
function contradicted(facts: RaceFacts): Finding[] {
  const gone = slotIsGone(facts);
  const later = handledBetween(facts, 'after-fault', 'end');
  if (!wentAsPlanned(facts) || gone === undefined || !later) return [];
  const works = later.raised > 0 && later.handled >= later.raised;
  if (gone !== works && gone === facts.messages.length > 0) return [];
  const slots = ['after-fault', 'end'].flatMap((moment) => facts.slotAt(moment) ?? []);
  return [
    {
      id: 'evidence-contradicts',
      severity: 'infrastructure',
      title: `The slot ${gone ? 'lost' : 'has'} its handler, of ${later.raised} later interrupts ${later.handled} came, and the kernel says ${facts.messages.length} times that there is none`,
      text: 'These cannot all be true of one slot.',
      evidence: [
        ...slots.map((slot) => slot.evidence),
        ...facts.messages.slice(0, 3).map(ofKernel),
        ofHarness(facts.counts('end')!),
      ],
      rule: 'RACE-SLOT',
    },
  ];
}
