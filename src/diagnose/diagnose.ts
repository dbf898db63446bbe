/** From what the files hold to an answer: every rule is asked, the most certain comes first. Pure. */
import type { Casebook, Kind, Place } from './casebook.ts';
import { machineOf } from './machine.ts';
import { otherProblems } from './others.ts';
import { intxConflict } from './rules/intx-conflict.ts';
import { nobodyCared } from './rules/nobody-cared.ts';
import { vectorRace } from './rules/vector-race.ts';
import { vectorsExhausted } from './rules/vectors-exhausted.ts';
import { vmStopped } from './rules/vm-stopped.ts';
import { type Answer, confidences, type FileRead, type Finding, type Report } from './types.ts';

/** In the order in which equals are told: what stops most machines first. */
const rules: readonly ((book: Casebook) => Finding | undefined)[] = [
  vectorsExhausted,
  vmStopped,
  intxConflict,
  nobodyCared,
  vectorRace,
];

/** Facts that mean trouble with interrupts, whoever explains them. */
const signs: readonly Kind[] = [
  'virtio-probe-failed',
  'flags-mismatch',
  'nobody-cared',
  'irq-disabled',
  'bogus-return',
  'reservation-exceeds',
  'no-irq-handler',
  'affinity-broken',
  'managed-startup-failed',
  'cpu-offline-refused',
  'reserved-over-available',
  'set-affinity-failed',
  'traced-no-space',
  'set-irqs-failed',
  'vfio-error',
  'cut-line',
];

/** Facts whose number or places a rule looks at: of these it is said when not all were kept. */
const weighed: readonly Kind[] = [
  ...signs,
  'interrupt-row',
  'pci-function',
  'aer-report',
  'other-trouble',
  'trouble',
];

/** Kinds of files in which the failures would be seen; a listing of lspci alone tells nothing. */
const telling = ['kernel log', 'journal or syslog', 'QEMU log'];

export function diagnose(
  book: Casebook,
  files: readonly FileRead[],
  partial: readonly string[] = [],
): Report {
  const findings = rules
    .map((rule) => rule(book))
    .filter((finding) => finding !== undefined)
    .sort((a, b) => rank(b) - rank(a));
  const explained = new Set(findings.flatMap((finding) => finding.explains));
  const unexplained = signs.flatMap((kind) => {
    const first: Place | undefined = book.of(kind)[0]?.at;
    return first && !explained.has(kind) ? [{ kind, count: book.count(kind), first }] : [];
  });
  const others = otherProblems(book, explained);
  return {
    answer: answer(findings, unexplained.length, others.length, files),
    diagnoses: findings.map((finding) => finding.diagnosis),
    others,
    unexplained,
    files: [...files],
    machine: machineOf(book),
    partial: [
      ...partial,
      ...book
        .overfull()
        .filter(({ kind }) => weighed.includes(kind))
        .map(
          ({ kind, kept, count }) =>
            `of ${count} lines of the kind “${kind}” the first ${kept} were looked at`,
        ),
    ],
  };
}

function rank({ diagnosis }: Finding): number {
  return confidences.indexOf(diagnosis.confidence);
}

function answer(
  findings: readonly Finding[],
  unexplained: number,
  others: number,
  files: readonly FileRead[],
): Answer {
  if (findings.length > 0) return 'root-cause';
  if (unexplained > 0) return 'unknown';
  if (others > 0) return 'not-interrupts';
  return files.some((file) => file.kinds.some((kind) => telling.includes(kind)))
    ? 'nothing-wrong'
    : 'unknown';
}
