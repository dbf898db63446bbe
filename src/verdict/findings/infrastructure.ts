/** Findings that make a run inconclusive: it broke, its record is cut, or nothing proves the fault. */
import { ofKind } from '../../evidence/harness.ts';
import type { RunFacts } from '../facts.ts';
import { ofHarness, ofLine, ofStderr } from '../pointers.ts';
import type { Finding } from '../types.ts';

export function infrastructureFindings(facts: RunFacts): Finding[] {
  return [...broke(facts), ...emulator(facts), ...missing(facts), ...cut(facts)];
}

function broke({ harness }: RunFacts): Finding[] {
  return ofKind(harness, 'broke').map((event) => ({
    id: 'run-broke',
    severity: 'infrastructure',
    title: `The run broke in phase ${event.phase}: ${event.code}`,
    text: event.message,
    evidence: [ofHarness(event)],
    rule: 'RUN-COMPLETE',
  }));
}

function emulator({ stderr }: RunFacts): Finding[] {
  return [...stderr].flatMap(([machine, events]) =>
    events.flatMap((dated): Finding[] => {
      const { event } = dated;
      if (event.kind !== 'emulator-broke' && event.kind !== 'kvm-internal-error') return [];
      const what = event.kind === 'emulator-broke' ? event.what : 'KVM internal error';
      const quirk = event.kind === 'emulator-broke' && event.quirk ? ` (quirk ${event.quirk})` : '';
      return [
        {
          id: 'emulator-broke',
          severity: 'infrastructure',
          title: `QEMU of ${machine} broke: ${what}`,
          text: `This is a failure of the emulator${quirk}, not of the kernels it runs. Run the variant again.`,
          evidence: [ofStderr(dated)],
          rule: 'RUN-EMULATOR',
        },
      ];
    }),
  );
}

/**
 * Files without which nothing can be said. Not among them: the ring buffer of a guest that hangs cannot be had,
 * and a QEMU that had nothing to say has no stderr file. A guest whose QEMU was
 * refused at the start has no QMP.
 */
function missing({ plan, history, harness }: RunFacts): Finding[] {
  const starts = ofKind(harness, 'guest-start');
  const ran = ({ id }: { id: string }) => {
    const own = starts.filter(({ machine }) => machine === id);
    return own.length === 0 || own.some(({ started }) => started);
  };
  const needed = ['events.ndjson', ...plan.guests.filter(ran).map(({ id }) => `${id}.qmp`)];
  const gone = history.missing.filter((name) => needed.includes(name));
  const hostLog = ['host.serial', 'host.dmesg'].every((name) => history.missing.includes(name));
  if (hostLog) gone.push('host.serial', 'host.dmesg');
  return gone.map((name) => ({
    id: 'evidence-missing',
    severity: 'infrastructure',
    title: `${name} is missing`,
    text: `The run folder has no ${name}, so what happened there is not known.`,
    evidence: [],
    rule: 'RUN-COMPLETE',
  }));
}

function cut(facts: RunFacts): Finding[] {
  const { harness, plan, history } = facts;
  const findings: Finding[] = history.harness.broken.slice(0, 3).map((line) => ({
    id: 'evidence-cut',
    severity: 'infrastructure',
    title: `Line ${line.line} of ${line.file} is no event`,
    text: 'The record of the run is cut or damaged there.',
    evidence: [ofLine(line)],
    rule: 'RUN-COMPLETE',
  }));
  for (const [machine, record] of history.machines) {
    if (record.qmpBroken === 0) continue;
    findings.push({
      id: 'evidence-cut',
      severity: 'infrastructure',
      title: `${record.qmpBroken} lines of ${machine}.qmp are no messages`,
      text: 'The QMP record is cut or damaged, so a stop may be missing in it.',
      evidence: [],
      rule: 'RUN-COMPLETE',
    });
  }
  const ended = new Set(
    ofKind(harness, 'phase').flatMap((event) => (event.state === 'end' ? [event.phase] : [])),
  );
  const open = plan.phases.find((phase) => !ended.has(phase.name));
  if (harness.length > 0 && open && ofKind(harness, 'broke').length === 0) {
    findings.push({
      id: 'evidence-cut',
      severity: 'infrastructure',
      title: `The record ends before phase ${open.name} does`,
      text: `No event says that phase ${open.name} (${open.title}) was finished.`,
      evidence: harness.slice(-1).map(ofHarness),
      rule: 'RUN-COMPLETE',
    });
  }
  return findings;
}
