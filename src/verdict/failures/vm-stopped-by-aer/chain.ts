/**
 * The causal chain: from the error to what the guests felt, in short plain sentences. A step is built from the
 * lines that show it; a step that no line shows follows from a rule of the model and says so.
 */

import { ofKind } from '../../../evidence/harness.ts';
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import type { Vote } from '../../../model/aer/recovery.ts';
import { trafficFacts, works } from '../../findings/traffic.ts';
import { ofHarness, ofKernel, ofLine, ofQmp, ofStderr } from '../../pointers.ts';
import type { ChainStep } from '../../types.ts';
import { type AerFacts, label, nameOf } from './facts.ts';
import { reportLines } from './findings/fault.ts';
import { stopLines } from './findings/guests.ts';
import type { GuestFacts } from './guests.ts';
import { isBack } from './remedy.ts';
import type { Report } from './report.ts';
import { unrestoredSteps } from './unrestored.ts';

export function causalChain(facts: AerFacts, stopped: readonly GuestFacts[]): ChainStep[] {
  const steps: ChainStep[] = [];
  let untold = [...stopped];
  for (const { report } of facts.faults) {
    if (!report) continue;
    // With several faults, a guest is stopped by the first that reaches it.
    const signalled = new Set(report.prediction?.signals.map((fn) => fn.heldBy));
    steps.push(
      ...reportSteps(
        facts,
        report,
        untold.filter((guest) => signalled.has(guest.id)),
      ),
    );
    untold = untold.filter((guest) => !signalled.has(guest.id));
  }
  for (const guest of stopped) steps.push(...silentStep(guest), ...endStep(facts, guest));
  if (stopped.length === 0) steps.push(...liveSteps(facts));
  return steps;
}

function reportSteps(facts: AerFacts, report: Report, stopped: readonly GuestFacts[]): ChainStep[] {
  const first = report.observations[0];
  const severity = first?.kind === 'report' ? first.severity : 'unknown';
  const names = report.lines.flatMap(({ event }) => (event.kind === 'aer-bit' ? [event.name] : []));
  const error = names.length > 0 ? ` (${[...new Set(names)].join(', ')})` : '';
  const steps: ChainStep[] = [
    {
      text:
        report.source === report.port
          ? `Root port ${label(facts, report.port)} reports a ${severity} error${error} of its own.`
          : `${label(facts, report.source)} reports a ${severity} error${error} to its root port ${label(facts, report.port)}.`,
      seen: true,
      rule: 'AER-ORDER',
      evidence: reportLines(report),
    },
  ];
  if (severity === 'correctable') {
    const text = 'It is correctable: the kernel logs it and asks no driver, so vfio-pci hears nothing.';
    return [...steps, { text, seen: false, rule: 'AER-ORDER', evidence: [] }];
  }
  steps.push(askStep(facts, report), ...votesStep(facts, report), ...signalSteps(facts, report));
  for (const guest of stopped) steps.push(stopStep(facts, guest));
  return [...steps, ...endOfRecovery(facts, report)];
}

/** Everybody on the bus is asked. The broadcast is a debug line: without it the step is inferred. */
function askStep(facts: AerFacts, report: Report): ChainStep {
  const said = report.lines.filter(
    ({ event }) => event.kind === 'aer-broadcast' && event.step === 'error_detected',
  );
  const walk = report.episode?.walk ?? [];
  const who = walk.map((fn) => `${label(facts, fn.bdf)} by ${fn.driver ?? 'no driver'}`).join(', ');
  const record = ofKind(facts.harness, 'functions').findLast((event) => event.t <= report.t);
  const traced = (report.calls ?? []).filter((call) => call.stage === 'error_detected');
  return {
    text: `The AER core asks every function below the port, whoever caused the error: ${who}.`,
    seen: said.length > 0 || traced.length > 0,
    rule: 'AER-WALK',
    evidence: [
      ...said.map(ofKernel),
      ...traced.map((call) => call.entered),
      ...(record ? [ofHarness(record)] : []),
    ],
  };
}

const votePhrases: Partial<Record<NonNullable<Vote['result']>, string>> = {
  'can-recover': 'can recover',
  'need-reset': 'needs a reset',
  disconnect: 'is lost',
  recovered: 'has recovered',
  none: 'has no opinion',
  'no-aer-driver': 'cannot answer, which makes the recovery fail',
};

function votesStep(facts: AerFacts, report: Report): ChainStep[] {
  if (!report.explanation?.explained) return [];
  const votes = report.explanation.votes.filter((vote) => vote.stage === 'error_detected' && vote.result);
  if (votes.length === 0) return [];
  // What the trace saw is the answer; the model's path stands in where it saw none.
  const answerOf = (vote: Vote) =>
    report.calls?.find((call) => call.bdf === vote.bdf && call.stage === 'error_detected')?.result ??
    vote.result!;
  const driverOf = (bdf: string) => report.episode?.walk.find((fn) => fn.bdf === bdf)?.driver ?? 'no driver';
  const said = votes.map(
    (vote) => `${driverOf(vote.bdf)} for ${label(facts, vote.bdf)} ${votePhrases[answerOf(vote)]}`,
  );
  const lines = report.lines.filter(({ event }) => isAnswer(event));
  const answered = (report.calls ?? []).filter((call) => call.stage === 'error_detected' && call.result);
  const shown = new Set([
    ...answered.map((call) => call.bdf),
    ...lines.flatMap(({ event }) => ('device' in event ? event.device : [])),
  ]);
  // The next broadcast shows what the answers came to, though not each of them.
  const next = report.lines.find(
    ({ event }) => event.kind === 'aer-broadcast' && event.step !== 'error_detected',
  );
  return [
    {
      text: `The answers: ${said.join('; ')}.`,
      // Most drivers answer without a line: the step is seen only where lines or the trace show every answer.
      seen: votes.every((vote) => shown.has(vote.bdf)),
      rule: 'AER-O2',
      evidence: [
        ...[...lines, ...(next ? [next] : [])].map(ofKernel),
        ...answered.flatMap((c) => c.answered ?? []),
      ],
    },
  ];
}

function isAnswer(event: DatedKernelEvent['event']): boolean {
  return (
    event.kind === 'aer-cannot-recover' || (event.kind === 'driver-says' && event.what.startsWith('detected'))
  );
}

function signalSteps(facts: AerFacts, report: Report): ChainStep[] {
  return (report.prediction?.signals ?? []).map((fn): ChainStep => {
    const told = facts.guests.find((guest) => guest.id === fn.heldBy)?.told ?? [];
    const heard = told.filter(({ event }) => event.kind === 'vfio-error' && event.device === fn.bdf);
    const traced = (report.calls ?? []).filter((c) => c.bdf === fn.bdf && c.stage === 'error_detected');
    const others =
      fn.bdf === report.source ? '' : `, although the error is ${nameOf(facts, report.source)}'s,`;
    return {
      text: `vfio-pci is asked for ${label(facts, fn.bdf)} too${others} and signals the error eventfd of ${fn.heldBy}'s QEMU.`,
      // The kernel prints nothing here: without a trace, QEMU's message is the first sign of it.
      seen: traced.length > 0 && heard.length > 0,
      rule: 'AER-VFIO',
      evidence: [...traced.map((call) => call.entered), ...heard.map(ofStderr)],
    };
  });
}

function stopStep(facts: AerFacts, guest: GuestFacts): ChainStep {
  const devices = guest.told.flatMap(({ event }) =>
    event.kind === 'vfio-error' ? [label(facts, event.device)] : [],
  );
  return {
    text: `QEMU of ${guest.id} learns of an error on ${[...new Set(devices)].join(', ')} and stops the VM: state internal-error.`,
    seen: true,
    rule: 'VM-STOP',
    evidence: stopLines(guest),
  };
}

function endOfRecovery(facts: AerFacts, report: Report): ChainStep[] {
  const end = report.lines.findLast(({ event }) => event.kind === 'aer-end');
  if (end?.event.kind !== 'aer-end') return [];
  const reset = report.lines.filter(
    ({ event }) => event.kind === 'aer-reset' || event.kind === 'aer-reset-failed',
  );
  const how = reset.length > 0 ? ', after the link was reset' : '';
  const who = report.source === report.port ? 'everything below the port' : label(facts, report.source);
  const text = end.event.recovered
    ? `On the host ${who} recovers${how}: "device recovery successful".`
    : `On the host the recovery fails${how}: "device recovery failed".`;
  const step: ChainStep = { text, seen: true, rule: 'AER-O1', evidence: [...reset, end].map(ofKernel) };
  return [step, ...detachedStep(facts, report), ...unrestoredSteps(facts, report)];
}

/** ≥ 6.18: drivers hear that it failed. What an Intel NIC does then is in no log. */
function detachedStep(facts: AerFacts, report: Report): ChainStep[] {
  const detached = report.prediction?.detached ?? [];
  if (detached.length === 0) return [];
  const told = (report.calls ?? []).filter((call) => call.stage === 'perm_failure');
  const who = detached.map((fn) => `${fn.driver} for ${label(facts, fn.bdf)}`).join(', ');
  return [
    {
      text: `Every driver on the bus is told that it failed, and detaches its interface: ${who}.`,
      seen: told.length > 0,
      rule: 'AER-FAILURE',
      evidence: told.map((call) => call.entered),
    },
  ];
}

function silentStep({ id, lastLine, stop, spokeAfterStop }: GuestFacts): ChainStep[] {
  if (!lastLine || !stop || spokeAfterStop) return [];
  const ago = Math.max(0, stop.t - lastLine.t).toFixed(1);
  return [
    {
      text: `${id}'s own log ends ${ago} s before the stop and says nothing: its CPUs were stopped before they could write.`,
      seen: true,
      rule: 'VM-SILENT',
      evidence: [ofLine(lastLine.line, lastLine.t, lastLine.error)],
    },
  ];
}

function endStep(facts: AerFacts, guest: GuestFacts): ChainStep[] {
  if (!guest.resume) return [];
  const reset = (facts.qmp.get(guest.id) ?? []).filter(
    (event) => event.kind === 'command' && event.name === 'system_reset' && event.t >= guest.stop!.t,
  );
  const back = isBack(facts, guest);
  return [
    {
      text: back
        ? `After a reset QEMU lets ${guest.id} run again; it boots, and its function works.`
        : `QEMU let ${guest.id} run again, but it is not back.`,
      seen: true,
      rule: 'VM-RESTORED',
      evidence: [...reset.map(ofQmp), ofQmp(guest.resume), ...guest.end.answers.map((a) => ofHarness(a))],
    },
  ];
}

/** Nobody was stopped: who held what, who lives, and that traffic flows. */
function liveSteps(facts: AerFacts): ChainStep[] {
  const steps: ChainStep[] = [];
  for (const guest of facts.guests) {
    const unplugged = (facts.qmp.get(guest.id) ?? []).filter(
      (event) => event.kind === 'device-deleted' && event.t <= facts.faultTime,
    );
    if (unplugged.length > 0) {
      steps.push({
        text: `${guest.id} held no function at that moment: it was unplugged before, so no QEMU had an eventfd to be signalled.`,
        seen: true,
        rule: 'AER-VFIO',
        evidence: unplugged.map(ofQmp),
      });
    }
    steps.push({
      text: `${guest.id} lives on: SSH, serial console and QMP agree.`,
      seen: true,
      rule: 'VM-WITNESSES',
      evidence: [...guest.afterFault.answers, ...guest.end.answers].map((answer) => ofHarness(answer)),
    });
  }
  const working = trafficFacts(facts).flatMap(({ plan, after }) =>
    after && works(after) ? [{ plan, after }] : [],
  );
  if (working.length > 0) {
    steps.push({
      text: `Traffic still works: ${working.map(({ plan }) => plan.over).join(', ')}.`,
      seen: true,
      rule: 'TRAFFIC',
      evidence: working.map(({ after }) => ofHarness(after)),
    });
  }
  return steps;
}
