/** What `vflab ledger` prints: a table of every irq, and each interrupt that was not simply handled. */
import type { Balance, Entry, Row } from '../model/ledger/book.ts';
import type { Pointer } from '../model/ledger/explain.ts';
import type { Outcome } from '../model/ledger/types.ts';
import type { LedgerResult } from '../verdict/ledger.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import { table } from './table.ts';

/** The excuses, in the order of the column. */
const excuses: readonly Outcome[] = ['replayed', 'in-progress', 'disabled', 'freed', 'in-flight', 'unknown'];
/** Entries shown in full. */
const shown = 20;

export interface LedgerFiles {
  device: string;
  kernel: string;
  log: string | undefined;
}

/** @param textOf the line of a file that a pointer means. */
export function ledgerText(
  result: LedgerResult,
  options: { files: LedgerFiles; style: Style; textOf: (at: Pointer) => string | undefined },
): string {
  const { style } = options;
  const { lost, unknown } = result.totals.counts;
  const interrupts = (n: number) => `${n} interrupt${n === 1 ? '' : 's'}`;
  const head =
    lost > 0
      ? style.red(`${interrupts(lost)} lost`)
      : unknown > 0
        ? style.yellow(`no interrupt is known to be lost; of ${interrupts(unknown)} nobody can tell`)
        : style.green('every interrupt accounted for');
  const covered = `${result.totals.sent} message${result.totals.sent === 1 ? '' : 's'} in ${result.seconds.toFixed(1)} s; clocks tied within ${(result.clockError * 1e6).toFixed(0)} µs by ${result.marks} marks`;
  const lines = [
    head,
    `  ${covered}`,
    ...rowLines(result),
    ...pendingLines(result, options),
    ...entryLines(result, options),
    ...unknownLines(result),
  ];
  return `${lines.join('\n')}\n`;
}

function rowLines({ rows, totals }: Balance): string[] {
  const header = [
    'irq',
    'raised',
    'held',
    'sent',
    'coalesced',
    'delivered',
    'handled',
    'explained',
    'lost',
    'name',
  ];
  const cells = (row: Omit<Row, 'slots' | 'slowest'>) => [
    row.irq === undefined ? '' : `${row.irq}`,
    ...[row.raised, row.held, row.sent, row.counts.coalesced, row.sent - row.counts.coalesced].map(String),
    `${row.counts.handled}`,
    excuses.flatMap((o) => (row.counts[o] > 0 ? [`${row.counts[o]} ${o}`] : [])).join(' ') || '0',
    `${row.counts.lost}`,
    plainLine(row.name),
  ];
  return table([header, ...rows.map(cells), ['all', ...cells({ ...totals, name: '' }).slice(1)]]).map(
    (line) => `  ${line}`,
  );
}

function pendingLines({ pending }: Balance, options: Parameters<typeof ledgerText>[1]): string[] {
  return pending.flatMap(({ source, raises, line, why, evidence }) => [
    `masked (pending): ${source}: ${raises} raise${raises === 1 ? '' : 's'} since ${options.files.device}:${line} and no message: ${why}`,
    ...pointerLines(evidence, options),
  ]);
}

function entryLines({ entries }: Balance, options: Parameters<typeof ledgerText>[1]): string[] {
  const sorted = entries.toSorted((a, b) => Number(b.outcome === 'lost') - Number(a.outcome === 'lost'));
  const lines = sorted
    .slice(0, shown)
    .flatMap((entry) => [
      entryLine(entry, options),
      ...pointerLines([{ from: 'device', line: entry.line }, ...entry.evidence], options),
    ]);
  const more = sorted.length - shown;
  return more > 0 ? [...lines, `and ${more} more that are not simply handled (--json has all)`] : lines;
}

function entryLine(entry: Entry, { files, style }: Parameters<typeof ledgerText>[1]): string {
  const outcome = entry.outcome === 'lost' ? style.red('lost') : entry.outcome;
  const place = `${files.device}:${entry.line}`;
  const from = entry.source === undefined ? '' : ` (${entry.source})`;
  return `${outcome}: ${place}${from}: ${entry.why}`;
}

function pointerLines(
  evidence: readonly Pointer[],
  { files, textOf, style }: Parameters<typeof ledgerText>[1],
): string[] {
  return evidence.map((at) => {
    const text = plainLine(textOf(at) ?? '').trim();
    return style.dim(`  ${files[at.from] ?? at.from}:${at.line}: ${text}`);
  });
}

function unknownLines({ totals, deferred, input }: LedgerResult): string[] {
  const lines: string[] = [];
  if (totals.unprompted > 0)
    lines.push(`not asked for: ${totals.unprompted} times handlers ran without a message of the ledger`);
  if (deferred > 0)
    lines.push(
      `not followed: ${deferred} raises through eventfds; their messages are counted, without a raise`,
    );
  if (input.kernelLost > 0)
    lines.push(`not known: the kernel's trace lost or overwrote ${input.kernelLost} events`);
  if (input.unreadable > 0) lines.push(`not known: ${input.unreadable} lines of QEMU's trace are cut`);
  return lines;
}
