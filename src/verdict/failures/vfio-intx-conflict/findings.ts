/** Findings about starts, lines and masking. What the model foretold is in prediction.ts, what guests do in guests.ts. */
import { aloneText, refusal, whyText } from '../../../model/intx/refusal.ts';
import { vfioOwner } from '../../../model/vfio/triggers.ts';
import { ofHarness, ofKernel, ofStderr } from '../../pointers.ts';
import type { Finding } from '../../types.ts';
import { type Attempt, holderLabel, type IntxFacts, label, ownerOf } from './facts.ts';

/** A guest was refused, by both witnesses: QEMU's words and the kernel's. */
export function isRefused(attempt: Attempt): boolean {
  const { words } = attempt;
  if (attempt.event.started || words?.event.kind !== 'set-irqs-failed' || !attempt.mismatch) return false;
  const { trigger, reason } = words.event;
  return (trigger === undefined || trigger.type === 'INTX') && /resource busy/i.test(reason);
}

export function startFindings(facts: IntxFacts): Finding[] {
  return [...silent(facts), ...facts.attempts.flatMap((attempt) => started(facts, attempt))];
}

/** Without the event of its start nothing is known of a guest. */
function silent({ plan, attempts }: IntxFacts): Finding[] {
  return plan.guests
    .filter(({ id }) => !attempts.some(({ guest }) => guest === id))
    .map(({ id }) => ({
      id: 'evidence-missing',
      severity: 'infrastructure',
      title: `Nothing says whether ${id} was started`,
      text: 'The record has no event of its start.',
      evidence: [],
      rule: 'RUN-COMPLETE',
    }));
}

function started(facts: IntxFacts, attempt: Attempt): Finding[] {
  const { guest, event, words, mismatch } = attempt;
  if (event.started) return [];
  const evidence = [
    ...(mismatch ? [ofKernel(mismatch.dated)] : []),
    ...(words ? [ofStderr(words)] : []),
    ofHarness(event),
  ];
  if (!isRefused(attempt))
    return [
      {
        id: 'guest-not-started',
        severity: 'error',
        title: `QEMU of ${guest} ended at the start, and not for want of a line`,
        text: 'Its words name no INTx that is busy, or the kernel’s log has no refusal of such a line.',
        evidence,
        rule: 'INTX-REFUSED',
      },
    ];
  const { fact } = mismatch!;
  const why = refusal(fact);
  const asks = vfioOwner(fact.newName)!.bdf;
  return [
    {
      id: 'vfio-intx-conflict',
      severity: 'error',
      title: `${guest} does not start: ${label(facts, asks)} and ${holderLabel(facts, fact.oldName)} are both on line ${fact.irq}, and ${aloneText(why)}`,
      text: `${whyText(fact, why)} ${maskingText(facts, [fact.newName, fact.oldName])}`,
      evidence,
      rule: 'INTX-REFUSED',
    },
  ];
}

/** Why vfio wants lines alone: the same for every function where it is a parameter. */
export function maskingText({ policy, probes, functions }: IntxFacts, actions: readonly string[]): string {
  if (policy?.nointxmask)
    return 'vfio-pci was loaded with nointxmask=1: it believes no function to mask its INTx, and wants each line alone.';
  const distrusted = actions.flatMap((action) => {
    const bdf = vfioOwner(action)?.bdf;
    const fn = bdf === undefined ? undefined : functions.get(bdf);
    if (!fn) return [];
    const name = [...probes].find(([, probe]) => probe.bdf === bdf)?.[0] ?? bdf;
    if (fn.trust === 'distrusted') return [`the kernel lists ${name} as unable to mask its INTx`];
    return fn.disIntx === false ? [`DisINTx of ${name} cannot be set`] : [];
  });
  return distrusted.length > 0 ? `${distrusted.join('; ')}.` : '';
}

/** What DisINTx answered, function by function, and that it was put back. */
export function probeFindings({ probes, policy }: IntxFacts): Finding[] {
  const all = [...probes.values()];
  const withPin = all.filter(({ pin }) => pin > 0);
  const can = withPin.filter(({ command }) => (command.set & 0x400) !== 0).map((probe) => probe.function);
  const cannot = withPin.filter(({ command }) => (command.set & 0x400) === 0).map((probe) => probe.function);
  const changed = all.filter(({ command }) => command.before !== command.after);
  const pinless = all.filter(({ pin }) => pin === 0).map((probe) => probe.function);
  const findings: Finding[] = changed.map((probe) => ({
    id: 'register-left-changed',
    severity: 'infrastructure',
    title: `The command register of ${probe.function} was not put back after DisINTx was tried`,
    text: `It was ${word(probe.command.before)} before and is ${word(probe.command.after)} now, so what follows is the harness’s work.`,
    evidence: [ofHarness(probe)],
    rule: 'INTX-MASKING',
  }));
  if (all.length === 0) return findings;
  findings.push({
    id: 'intx-masking',
    severity: 'info',
    title: `DisINTx can be set on ${list(can)}${cannot.length > 0 ? `, not on ${list(cannot)}` : ''}; vfio-pci ${policy?.nointxmask ? 'ignores it (nointxmask=1)' : 'goes by it'}`,
    text: `Each register was read, the bit set, read, and taken back.${pinless.length > 0 ? ` No pin, so no INTx at all: ${list(pinless)}.` : ''}`,
    evidence: [...all.map(ofHarness), ...(policy ? [ofHarness(policy)] : [])],
    rule: 'INTX-MASKING',
  });
  return findings;
}

/** Lines that a passed function had together with somebody else. */
export function sharingFindings(facts: IntxFacts): Finding[] {
  const after = facts.lines('after-remedy') ?? facts.lines('after-guests');
  return (after?.rows ?? [])
    .filter(({ actions }) => actions.length > 1 && actions.some((name) => vfioOwner(name)?.type === 'intx'))
    .map((row) => ({
      id: 'intx-shared',
      severity: 'info',
      title: `Line ${row.irq} is shared by ${list(row.actions.map((name) => shortLabel(facts, name)))}`,
      text: 'Each of them can tell whether an interrupt is its own, and mask it at its own function.',
      evidence: [after!.at(row)],
      rule: 'INTX-SHARING',
    }));
}

function shortLabel(facts: IntxFacts, action: string): string {
  const owner = vfioOwner(action);
  if (!owner) return action;
  const guest = ownerOf(facts, owner.bdf);
  return `${label(facts, owner.bdf)}${guest ? ` of ${guest}` : ''}`;
}

export function list(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function word(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}
