/** Findings about disks: not probed at all, on a lower rung than they could be, or refused irq 0. */
import { parseInterrupts } from '../../../../evidence/interrupts.ts';
import { ofHarness, ofKernel } from '../../../pointers.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { DiskFacts } from '../disks.ts';
import type { DisksFacts, MomentFacts } from '../facts.ts';
import { count, errnoText, span } from '../words.ts';

/** As many lines as a finding quotes of many alike. */
const quoted = 4;

export function probeFindings(facts: DisksFacts): Finding[] {
  const { after } = facts;
  if (!after) return [];
  return [
    ...failed(facts, after),
    ...fallback(facts, after, 'shared'),
    ...fallback(facts, after, 'intx'),
    ...irqZero(after),
    ...[after, facts.remedied].flatMap(unreadable),
  ];
}

/** Disks that the kernel gave up, in its words, and that no driver has. */
export function failedDisks(moment: MomentFacts): DiskFacts[] {
  return moment.disks.filter((disk) => disk.failure && disk.rung === 'none');
}

/** Disks that work without a vector per queue and CPU. */
export function disksOn(moment: MomentFacts, rung: 'shared' | 'intx'): DiskFacts[] {
  const rungs = rung === 'shared' ? ['shared-slow', 'shared'] : ['intx'];
  return moment.disks.filter((disk) => rungs.includes(disk.rung));
}

function failed(facts: DisksFacts, after: MomentFacts): Finding[] {
  const disks = failedDisks(after);
  const errnos = new Set(disks.map((disk) => disk.failure!.errno));
  return [...errnos].map((errno) => {
    const these = disks.filter((disk) => disk.failure!.errno === errno);
    const first = these[0]!;
    return {
      id: 'virtio-blk-probe-failed',
      severity: 'error',
      title: `${these.length} of ${count(after.disks.length, 'disk')} failed to probe with error ${errnoText(errno)}: ${span(these.map((disk) => disk.name))}`,
      text: `The first says "${first.failure!.dated.event.at.message.trim()}". ${lastRung(facts, these)}.`,
      evidence: [...these.slice(0, quoted).map((d) => ofKernel(d.failure!.dated)), first.at],
      rule: 'VIRTIO-LADDER',
    };
  });
}

/** Which rung was the last that was tried. */
function lastRung(facts: DisksFacts, disks: readonly DiskFacts[]): string {
  const lines = new Set(disks.map((disk) => disk.record.irq));
  if (lines.size === 1 && lines.has(0)) {
    const asked = mismatches(facts.after!).length > 0;
    return asked
      ? 'The last rung, INTx, asked for irq 0: these disks have no interrupt line'
      : 'Without an interrupt line there is no INTx to try: the error is that of the shared rung';
  }
  const refused = facts.trace?.refusals.find((r) => r.irq !== 0 && lines.has(r.irq));
  return refused
    ? `The last rung, INTx, failed too: irq ${refused.irq} has no vector and gets none`
    : 'Nothing recorded shows which rung was the last';
}

/** Names in /proc/interrupts tell the rung long before any error does. */
function fallback(facts: DisksFacts, after: MomentFacts, to: 'shared' | 'intx'): Finding[] {
  const disks = disksOn(after, to);
  if (disks.length === 0) return [];
  const firstError = failedDisks(after)[0];
  const early = firstError ? disks.filter((disk) => isBefore(disk, firstError)).length : disks.length;
  const quiet = firstError
    ? `${early} of them before the first error, ${firstError.name}'s`
    : 'and no error says so';
  const names = span(disks.map((disk) => disk.name));
  return [
    {
      id: to === 'shared' ? 'fallback-shared' : 'fallback-intx',
      severity: 'warning',
      title:
        to === 'shared'
          ? `${count(disks.length, 'disk')} got no vector per queue with an affinity: ${names}`
          : `${count(disks.length, 'disk')} fell back to INTx: ${names}`,
      text:
        to === 'shared'
          ? `They work, with fewer interrupts or with none bound to the queue's CPUs (-virtqueues instead of -req.N, or -req.0 not managed); ${quiet}.`
          : `They work, and share ${lineNames(disks)} with each other; ${quiet}.`,
      evidence: [...interruptLines(facts, after, disks), disks[0]!.at],
      rule: 'VIRTIO-LADDER',
    },
  ];
}

function isBefore(disk: DiskFacts, other: DiskFacts): boolean {
  return Number(disk.name.slice(6)) < Number(other.name.slice(6));
}

function lineNames(disks: readonly DiskFacts[]): string {
  const irqs = [...new Set(disks.map((disk) => disk.record.irq))].sort((a, b) => a - b);
  return `irq ${irqs.join(', ')}`;
}

/** Rows of /proc/interrupts that name the first of these disks. */
export function interruptLines(
  { files }: DisksFacts,
  moment: MomentFacts,
  disks: readonly DiskFacts[],
): Evidence[] {
  const [snapshot] = moment.at('interrupts');
  if (!snapshot) return [];
  const names = new Set(disks.slice(0, 2).flatMap((disk) => disk.record.irqs.map((irq) => irq.name)));
  const { rows } = parseInterrupts(files(snapshot.file) ?? '');
  const lines = rows.filter((row) => row.actions.some((action) => names.has(action)));
  return lines.slice(0, quoted).flatMap((row) => moment.at('interrupts', row.line));
}

export function mismatches(moment: MomentFacts) {
  const names = new Set(moment.disks.map((disk) => disk.name));
  return moment.kernel.filter(
    ({ event }) => event.kind === 'flags-mismatch' && event.irq === 0 && names.has(event.newName),
  );
}

/** Disks without an interrupt line, at the last rung. */
function irqZero(after: MomentFacts): Finding[] {
  const pinless = failedDisks(after).filter((disk) => disk.record.irq === 0);
  const refused = mismatches(after);
  const [first] = refused;
  const findings: Finding[] = [];
  if (first?.event.kind === 'flags-mismatch') {
    findings.push({
      id: 'irq0-conflict',
      severity: 'error',
      title: `${count(refused.length, 'disk')} asked for irq 0, which belongs to ${first.event.oldName}`,
      text: 'They have no interrupt line, so pci_dev->irq is 0, and this kernel asks for it all the same.',
      evidence: refused.slice(0, quoted).map(ofKernel),
      rule: 'VIRTIO-IRQ0',
    });
  }
  const guarded = pinless.filter((disk) => disk.failure!.errno === -28);
  if (guarded.length > 0 && refused.length === 0) {
    findings.push({
      id: 'guard-enospc',
      severity: 'info',
      title: `${count(guarded.length, 'disk')} without an interrupt line failed with -28, not with a conflict over irq 0`,
      text: 'This kernel tries no INTx where pci_dev->irq is 0, and gives back the error of the shared rung.',
      evidence: guarded.slice(0, quoted).flatMap((disk) => [ofKernel(disk.failure!.dated), disk.at]),
      rule: 'VIRTIO-IRQ0',
    });
  }
  return findings;
}

/** A driver has the disk, and yet it cannot be read: its interrupts do not come. */
function unreadable(moment: MomentFacts | undefined): Finding[] {
  const { read } = moment ?? {};
  if (!read || read.failed.length === 0) return [];
  return [
    {
      id: 'disk-unreadable',
      severity: 'error',
      title: `${count(read.failed.length, 'disk')} with a driver cannot be read: ${read.failed.slice(0, 6).join(', ')}`,
      text: 'The probe went through, but a read does not come back.',
      evidence: [ofHarness(read)],
      rule: 'VIRTIO-WORKS',
    },
  ];
}
