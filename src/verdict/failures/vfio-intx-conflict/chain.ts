/** From two pins on one line to a QEMU that gives up. */
import { ofKind } from '../../../evidence/harness.ts';
import { aloneText, refusal, whyText } from '../../../model/intx/refusal.ts';
import { vfioOwner } from '../../../model/vfio/triggers.ts';
import { ofHarness, ofKernel, ofStderr } from '../../pointers.ts';
import type { ChainStep, Evidence } from '../../types.ts';
import { type Attempt, holderLabel, type IntxFacts, label, ownerOf } from './facts.ts';
import { isRefused, list, maskingText } from './findings.ts';

export function causalChain(facts: IntxFacts): ChainStep[] {
  const refused = facts.attempts.find(isRefused);
  if (refused) return refusedChain(facts, refused);
  return sharedChain(facts);
}

function refusedChain(facts: IntxFacts, attempt: Attempt): ChainStep[] {
  const { mismatch, words, event, guest } = attempt;
  const { fact, dated } = mismatch!;
  const asks = vfioOwner(fact.newName)!.bdf;
  const holder = vfioOwner(fact.oldName)?.bdf;
  const why = refusal(fact);
  const holderGuest = holder === undefined ? undefined : ownerOf(facts, holder);
  const steps: ChainStep[] = [
    {
      text: `${label(facts, asks)} and ${holderLabel(facts, fact.oldName)} are wired to the same interrupt line, ${fact.irq}.`,
      seen: true,
      rule: 'INTX-WIRING',
      evidence: [...probesOf(facts, [asks, ...(holder ? [holder] : [])]), ...rowsOf(facts, fact.irq)],
    },
    {
      text: holderGuest
        ? `${holderGuest} was started first: vfio-pci requested the line for ${label(facts, holder!)}.`
        : `${holderLabel(facts, fact.oldName)} has had the line since before the guests.`,
      seen: true,
      rule: 'INTX-REQUEST',
      evidence: [
        ...facts.attempts
          .filter((other) => other.guest === holderGuest && other.event.started)
          .slice(0, 1)
          .map((other) => ofHarness(other.event)),
        ...rowsOf(facts, fact.irq),
      ],
    },
    {
      text: `QEMU of ${guest} asks for the INTx of ${label(facts, asks)} when it starts, whatever the guest’s driver will use.`,
      seen: false,
      rule: 'INTX-REQUEST',
      evidence: [],
    },
    {
      text: `The kernel refuses: ${aloneText(why)}. ${whyText(fact, why)} ${maskingText(facts, [fact.newName, fact.oldName])}`.trim(),
      seen: true,
      rule: 'INTX-REFUSED',
      evidence: [ofKernel(dated), ...(facts.policy ? [ofHarness(facts.policy)] : [])],
    },
    {
      text: `QEMU of ${guest} gives up${event.exitCode === undefined ? '' : ` with exit code ${event.exitCode}`}; the guest was never there.`,
      seen: true,
      rule: 'INTX-REFUSED',
      evidence: [...(words ? [ofStderr(words)] : []), ofHarness(event)],
    },
  ];
  const later = facts.attempts.find((other) => other.guest === guest && other.event.t > event.t);
  if (!later) return steps;
  const did = ofKind(facts.harness, 'remedy').filter(({ state, t }) => state === 'end' && t > event.t);
  return [
    ...steps,
    ...did.map(
      (done): ChainStep => ({
        text: `The remedy: ${done.step} ${done.detail}.`,
        seen: true,
        rule: 'RUN-REMEDY',
        evidence: [ofHarness(done)],
      }),
    ),
    {
      text: `${guest} ${later.event.started ? 'starts now' : 'is refused again'}.`,
      seen: true,
      rule: 'INTX-REQUEST',
      evidence: [ofHarness(later.event), ...rowsOf(facts, fact.irq)],
    },
  ];
}

/** What a run without the failure shows of its lines. */
function sharedChain(facts: IntxFacts): ChainStep[] {
  const started = facts.attempts.filter(({ event }) => event.started);
  if (started.length === 0) return [];
  const after = facts.lines('after-guests');
  const vfioRows = (after?.rows ?? []).filter(({ actions }) =>
    actions.some((name) => vfioOwner(name)?.type === 'intx'),
  );
  return [
    {
      text: `${list(started.map(({ guest }) => guest))} start${started.length === 1 ? 's' : ''}; their functions have ${vfioRows.length === 0 ? 'no INTx line' : `line ${list(vfioRows.map(({ irq }) => irq))}`}.`,
      seen: true,
      rule: 'INTX-SHARING',
      evidence: [...started.map(({ event }) => ofHarness(event)), ...vfioRows.map((row) => after!.at(row))],
    },
  ];
}

function probesOf({ probes }: IntxFacts, bdfs: readonly string[]): Evidence[] {
  return [...probes.values()].filter(({ bdf }) => bdfs.includes(bdf)).map(ofHarness);
}

function rowsOf(facts: IntxFacts, irq: number): Evidence[] {
  const look = facts.lines('after-guests') ?? facts.lines('before-guests');
  return (look?.rows ?? []).filter((row) => row.irq === String(irq)).map((row) => look!.at(row));
}
