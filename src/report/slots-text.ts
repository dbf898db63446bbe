/** The account of every slot of the vector matrix: what the matrix counts at each moment, who holds what. */
import type { DisksAccount, MomentAccount } from '../verdict/failures/virtio-blk-probe-failed/account.ts';
import type { MatrixAccount } from '../verdict/slots/account.ts';
import type { Style } from './colour.ts';
import { numberTable } from './table.ts';

/** With more CPUs than this the least and the most of them are shown, unless all are asked for. */
const shownCpus = 8;

/** @param all every CPU a line, however many */
export function slotsText(
  { moments }: DisksAccount,
  { style, all }: { style: Style; all: boolean },
): string[] {
  const known = moments.flatMap((moment) => (moment.matrix ? [{ ...moment, matrix: moment.matrix }] : []));
  const last = known.at(-1);
  if (!last) return ['  The vector matrix is not known.'];
  const slots = last.matrix.slotsPerCpu * last.matrix.onlineMaps;
  return [
    `  The vector matrix: ${last.matrix.slotsPerCpu} slots on each of ${last.matrix.onlineMaps} CPUs, ${slots} in all`,
    ...fields(known, style),
    '',
    `  By CPU, ${last.moment}`,
    ...byCpu(last.matrix, style, all),
    '',
    `  By disk, ${last.moment}, slots of each`,
    ...byDisk(last, style),
  ];
}

function head(style: Style) {
  return (cell: string, row: number) => (row === 0 ? style.bold(cell) : cell);
}

function indented(rows: readonly (readonly string[])[], style: Style): string[] {
  return numberTable(rows, head(style)).map((line) => `    ${line}`);
}

function fields(moments: readonly { moment: string; matrix: MatrixAccount }[], style: Style): string[] {
  const rows: [string, (matrix: MatrixAccount) => number][] = [
    ['online_maps', (m) => m.onlineMaps],
    ['global_available', (m) => m.globalAvailable],
    ['global_reserved', (m) => m.globalReserved],
    ['total_allocated', (m) => m.totalAllocated],
    ['slots reserved, managed and idle', (m) => m.total.managedIdle],
    ['slots managed and running', (m) => m.total.managedRunning],
    ['slots of other interrupts', (m) => m.total.ordinary],
    ['slots free', (m) => m.total.free],
  ];
  return indented(
    [
      ['', ...moments.map(({ moment }) => moment)],
      ...rows.map(([name, value]) => [name, ...moments.map(({ matrix }) => `${value(matrix)}`)]),
    ],
    style,
  );
}

function byCpu({ cpus }: MatrixAccount, style: Style, all: boolean): string[] {
  const heads = ['CPU', 'reserved, idle', 'managed, running', 'other', 'free'];
  const uses = ['managedIdle', 'managedRunning', 'ordinary', 'free'] as const;
  if (all || cpus.length <= shownCpus) {
    const rows = cpus.map((cpu) => [
      `${cpu.cpu}${cpu.online ? '' : ' (offline)'}`,
      ...uses.map((use) => `${cpu[use]}`),
    ]);
    return indented([heads, ...rows], style);
  }
  const of = (pick: (...values: number[]) => number) =>
    uses.map((use) => `${pick(...cpus.map((cpu) => cpu[use]))}`);
  return indented([heads, ['the least', ...of(Math.min)], ['the most', ...of(Math.max)]], style);
}

function byDisk({ holders, others }: MomentAccount, style: Style): string[] {
  const cell = (value: number | undefined) => (value === undefined ? '?' : `${value}`);
  const rows = holders.map((holder) => [
    holder.names,
    `${holder.disks}`,
    holder.rung,
    cell(holder.managed),
    cell(holder.ordinary),
    cell(holder.vectors),
  ]);
  // Not slots of each, but all of them.
  if (others) rows.push(['all else', '', '', `${others.managed}`, `${others.ordinary}`, '']);
  return indented([['', 'disks', 'rung', 'managed', 'other', 'vectors in use'], ...rows], style);
}
