/** Findings about the host's recovery: how it ended, who prevented it, and lines that the model cannot explain. */

import { ofKernel } from '../../../pointers.ts';
import type { Finding } from '../../../types.ts';
import type { AerFacts } from '../facts.ts';
import { label } from '../facts.ts';
import { departure } from '../handlers.ts';
import type { Report } from '../report.ts';
import { reportLines } from './fault.ts';
import { swallowedBefore } from './swallowed.ts';

export function recoveryFindings(facts: AerFacts): Finding[] {
  const ended = facts.faults.flatMap(({ report }) => (report ? [ending(facts, report)] : []));
  return [
    ...ended.flat(),
    ...facts.reports.flatMap((report) => unexplained(facts, report)),
    ...facts.reports.flatMap((report) => unexplainedCall(facts, report)),
  ];
}

function ending(facts: AerFacts, report: Report): Finding[] {
  const end = report.lines.findLast((line) => line.event.kind === 'aer-end');
  const who = label(facts, report.source);
  if (end?.event.kind !== 'aer-end') {
    if (report.observations[0]?.kind !== 'report' || report.observations[0].severity !== 'correctable')
      return [];
    return [
      {
        id: 'error-reported-only',
        severity: 'info',
        title: `The correctable error of ${who} was logged, nothing else`,
        text: 'A correctable error was corrected by the hardware: no driver is asked and no recovery runs.',
        evidence: reportLines(report),
        rule: 'AER-ORDER',
      },
    ];
  }
  if (end.event.recovered) {
    return [
      {
        id: 'pf-recovered',
        severity: 'info',
        title: `${who} recovered`,
        text: 'For the host the error is over: its log ends with a successful recovery.',
        evidence: [ofKernel(end)],
        rule: 'AER-O1',
      },
      ...stalled(facts, report, end),
    ];
  }
  return [failed(facts, report, who)];
}

/** Its watchdog says so, whenever its traffic was looked at: that ends the stall after some seconds. */
function stalled(facts: AerFacts, report: Report, end: Report['lines'][number]): Finding[] {
  const reset = facts.hostKernel.find(
    ({ event, t }) =>
      t > end.t &&
      event.kind === 'driver-says' &&
      event.what === 'adapter-reset' &&
      event.device === report.source,
  );
  if (!reset) return [];
  return [
    {
      id: 'pf-broken',
      severity: 'warning',
      title: `${label(facts, report.source)} stalled after its recovery, until its transmit watchdog reset it`,
      text: `For ${(reset.t - end.t).toFixed(1)} s it sent nothing, though its log says that it had recovered.`,
      evidence: [ofKernel(end), ofKernel(reset)],
      rule: 'TRAFFIC',
    },
  ];
}

function failed(facts: AerFacts, report: Report, who: string): Finding {
  const vetoed = report.lines.filter((line) => line.event.kind === 'aer-cannot-recover');
  const reset = report.lines.filter(
    (line) =>
      line.event.kind === 'aer-reset-failed' ||
      line.event.kind === 'aer-link-inactive' ||
      (line.event.kind === 'aer-reset' && line.event.result !== 0),
  );
  const names = vetoed.flatMap(({ event }) => {
    if (event.kind !== 'aer-cannot-recover') return [];
    const bound = event.driver === 'pci' ? 'is bound to no driver' : `is bound to ${event.driver}`;
    return [`${label(facts, event.device)} ${bound} and has no error_detected callback`];
  });
  let why = 'a driver answered that its device is lost';
  if (reset.length > 0) {
    why = 'the link did not come back after its reset';
    if (reset.some((line) => line.event.kind === 'aer-link-inactive')) {
      why +=
        ' (a 16 GT/s root port of QEMU never reports its link active again: quirk root-port-link-active)';
    }
  }
  if (names.length > 0) why = `${names.join('; ')}: one such function is enough`;
  const end = report.lines.findLast((line) => line.event.kind === 'aer-end')!;
  return {
    id: 'pf-recovery-failed',
    severity: 'error',
    title: `${who} did not recover`,
    text: `The recovery failed: ${why}.`,
    evidence: [...vetoed, ...reset, end].map(ofKernel),
    rule: reset.length > 0 && names.length === 0 ? 'AER-O4' : 'AER-O2',
  };
}

function unexplained(facts: AerFacts, report: Report): Finding[] {
  const { explanation } = report;
  if (explanation?.explained) return [];
  const swallowed = swallowedBefore(facts, report);
  const headless = report.observations[0]?.kind !== 'report';
  // A line that a rate limit swallowed cannot be missed, and a console alone does not hold every line.
  if (
    (swallowed && (explanation || headless)) ||
    (explanation && facts.history.missing.includes('host.dmesg'))
  ) {
    const what = explanation?.message ?? 'a report has no port line';
    return [
      {
        id: 'evidence-missing',
        severity: 'infrastructure',
        title: 'The host log is not whole, so the model cannot judge it',
        text: `${what}. ${swallowed?.why ?? 'host.dmesg is missing'}.`,
        evidence: [...(swallowed ? [swallowed.line] : []), ...report.lines.slice(0, 1)].map(ofKernel),
        rule: 'RUN-COMPLETE',
      },
    ];
  }
  if (!explanation) {
    return [
      {
        id: 'unexpected-event',
        severity: 'error',
        title: `An AER report that the model cannot place: ${label(facts, report.source)}`,
        text: 'Its port line is missing, or the functions below its port are not on record.',
        evidence: report.lines.slice(0, 4).map(ofKernel),
        rule: 'AER-ORDER',
      },
    ];
  }
  const at = report.lines[report.origin[explanation.index] ?? report.lines.length - 1];
  const before = report.lines[(report.origin[explanation.index] ?? 0) - 1];
  return [
    {
      id: 'unexpected-event',
      severity: 'error',
      title: `The kernel's log departs from the model (${explanation.rule})`,
      text: `${explanation.message}. The model stood at: ${explanation.state}.`,
      evidence: [at, before].flatMap((line) => (line ? [ofKernel(line)] : [])),
      rule: explanation.rule,
    },
  ];
}

/** What the trace shows of the recovery, against the model. */
function unexplainedCall(facts: AerFacts, report: Report): Finding[] {
  const found = departure(report, facts.history.traceLost);
  if (!found) return [];
  const call = report.calls?.[found.index] ?? report.calls?.at(-1);
  return [
    {
      id: 'unexpected-event',
      severity: 'error',
      title: `The kernel's trace departs from the model (${found.rule})`,
      text: `${found.message}.`,
      evidence: call ? [call.entered, ...(call.answered ? [call.answered] : [])] : [],
      rule: found.rule,
    },
  ];
}
