/** Findings about guests: stopped by the error, silent, lost otherwise, or with witnesses that disagree. */
import type { Recorded } from '../../../../evidence/harness.ts';
import { ofHarness, ofLine, ofQmp, ofStderr } from '../../../pointers.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { WitnessAnswers } from '../../../witnesses.ts';
import { type AerFacts, label } from '../facts.ts';
import type { GuestFacts } from '../guests.ts';

/** Guests that the model says must stop: holders of a function in the walk of an uncorrectable report. */
export function predictedStops(facts: AerFacts): Set<string> {
  const reports = facts.faults.flatMap(({ report }) => (report ? [report] : []));
  return new Set(reports.flatMap((r) => r.prediction?.signals.flatMap((fn) => fn.heldBy ?? []) ?? []));
}

/** QEMU was told, stopped the VM, and says that it is in `internal-error`. */
export function wasStoppedByAer(guest: GuestFacts): boolean {
  return guest.told.length > 0 && guest.stop !== undefined && guest.internalError !== undefined;
}

export function stopLines(guest: GuestFacts): Evidence[] {
  const { internalError } = guest;
  const state =
    internalError && ('witness' in internalError ? ofHarness(internalError) : ofQmp(internalError));
  return [
    ...guest.told.slice(0, 2).map(ofStderr),
    ...(guest.stop ? [ofQmp(guest.stop)] : []),
    ...(state ? [state] : []),
  ];
}

export function guestFindings(facts: AerFacts): Finding[] {
  const findings = facts.guests.flatMap((guest) => one(facts, guest));
  const predicted = predictedStops(facts);
  const stopped = new Set(facts.guests.filter(wasStoppedByAer).map((guest) => guest.id));
  const wrong = facts.guests.filter((guest) => predicted.has(guest.id) !== stopped.has(guest.id));
  for (const guest of wrong) {
    const should = predicted.has(guest.id);
    // A QEMU newer than what the model was read from may handle the error without stopping the VM.
    const perhaps = should && facts.qemuFeatures.vfioErrorHandler !== false;
    findings.push({
      id: 'wrong-vms-stopped',
      severity: perhaps ? 'warning' : 'error',
      title: should
        ? `${guest.id} should have been stopped and was not`
        : `${guest.id} was stopped and should not have been`,
      text: should
        ? `It holds a function on the bus that was asked, so its QEMU must have been told${perhaps ? ', unless this version handles the error itself' : ''}.`
        : 'It holds no function on the bus that was asked.',
      evidence: stopLines(guest),
      rule: 'VM-COUNT',
    });
  }
  return findings;
}

function one(facts: AerFacts, guest: GuestFacts): Finding[] {
  const { afterFault } = guest;
  if (facts.faultTime === Number.POSITIVE_INFINITY) return [];
  if (afterFault.say === 'missing')
    return [witnesses(guest, 'evidence-missing', 'not all three witnesses were asked')];
  if (afterFault.say === 'split') return [witnesses(guest, 'witnesses-disagree', 'the witnesses disagree')];
  const signs = [guest.told.length > 0, guest.stop !== undefined, guest.internalError !== undefined];
  const stopped = wasStoppedByAer(guest);
  if (afterFault.say === 'alive' && guest.stop && guest.internalError) {
    return [contradiction(guest, 'QMP has it stopped, all three witnesses say that it lives')];
  }
  if (!stopped && signs.some(Boolean) && (guest.told.length > 0 || guest.internalError)) {
    return [
      contradiction(
        guest,
        'of the message on stderr, the STOP and the state internal-error not all are there',
      ),
    ];
  }
  if (stopped) return [stoppedFinding(facts, guest), ...silence(guest)];
  if (afterFault.say === 'dead') return [lost(guest)];
  if (guest.end.say === 'split')
    return [witnesses(guest, 'witnesses-disagree', 'at the end the witnesses disagree')];
  return guest.end.say === 'dead' ? [lost(guest)] : [];
}

function answers(of: WitnessAnswers): string {
  return of.answers
    .map((a) => `${a.witness}: ${a.alive ? 'alive' : 'dead'} (${a.answer.slice(0, 80)})`)
    .join('; ');
}

function evidenceOf(of: WitnessAnswers): Evidence[] {
  return of.answers.map((answer: Recorded<'witness'>) => ofHarness(answer));
}

function witnesses(guest: GuestFacts, id: 'evidence-missing' | 'witnesses-disagree', what: string): Finding {
  const asked = what.startsWith('at the end') ? guest.end : guest.afterFault;
  return {
    id,
    severity: 'infrastructure',
    title: `Whether ${guest.id} lives is not known: ${what}`,
    text: answers(asked) || 'No witness answered after the fault.',
    evidence: [...evidenceOf(asked), ...stopLines(guest)],
    rule: 'VM-WITNESSES',
  };
}

function contradiction(guest: GuestFacts, what: string): Finding {
  return {
    id: 'evidence-contradicts',
    severity: 'infrastructure',
    title: `The evidence about ${guest.id} contradicts itself`,
    text: `${what}. ${answers(guest.afterFault)}`,
    evidence: [...stopLines(guest), ...evidenceOf(guest.afterFault)],
    rule: 'VM-STOP',
  };
}

function stoppedFinding(facts: AerFacts, guest: GuestFacts): Finding {
  const devices = guest.told.flatMap(({ event }) =>
    event.kind === 'vfio-error' ? [label(facts, event.device)] : [],
  );
  return {
    id: 'vm-stopped-by-aer',
    severity: 'error',
    title: `${guest.id} was stopped by its QEMU because of an error on ${[...new Set(devices)].join(', ')}`,
    text: `State internal-error: it executes nothing until it is reset. ${answers(guest.afterFault)}.`,
    evidence: [...stopLines(guest), ...evidenceOf(guest.afterFault)],
    rule: 'VM-STOP',
  };
}

function silence(guest: GuestFacts): Finding[] {
  const { lastLine, stop } = guest;
  if (!lastLine || !stop || guest.spokeAfterStop) return [];
  const ago = Math.max(0, stop.t - lastLine.t);
  return [
    {
      id: 'guest-silent',
      severity: 'info',
      title: `${guest.id}'s own log says nothing about it`,
      text: `Its last line came ${ago.toFixed(1)} s before the stop: its CPUs were stopped before its kernel could write one.`,
      evidence: [ofLine(lastLine.line, lastLine.t, lastLine.error), ofQmp(stop)],
      rule: 'VM-SILENT',
    },
  ];
}

function lost(guest: GuestFacts): Finding {
  return {
    id: 'guest-lost',
    severity: 'error',
    title: `${guest.id} does not live, but not because QEMU stopped it for an error`,
    text: answers(guest.afterFault.say === 'dead' ? guest.afterFault : guest.end),
    evidence: [...evidenceOf(guest.afterFault), ...evidenceOf(guest.end), ...stopLines(guest)],
    rule: 'VM-WITNESSES',
  };
}
