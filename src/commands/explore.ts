/** `vflab explore`: every interleaving of a race, in the model; what each cure is worth, and the shortest way to lose. */
import { exitCodes, UsageError } from '../errors.ts';
import type { Progress } from '../explore/space.ts';
import {
  type Bounds,
  type Cell,
  type CureId,
  cures,
  cureTable,
  problems,
} from '../explore/vector-setup-table.ts';
import { interleaving } from '../report/interleaving.ts';
import { table } from '../report/table.ts';
import type { CommandContext } from './context.ts';

export interface ExploreCommandOptions extends Bounds {
  cure?: string;
  memoryMib?: number;
  json?: boolean;
}

const owners = { driver: 'a driver that silences its device', vfio: 'VFIO, the device goes on' } as const;

/** @returns 0 when every search was complete, 1 when one ended on its memory bound. @throws UsageError UNKNOWN_CURE */
export function explore({ out, err }: CommandContext, options: ExploreCommandOptions): number {
  const { cure, memoryMib = 4096, json = false, ...bounds } = options;
  if (cure !== undefined && !Object.hasOwn(cures, cure))
    throw new UsageError(`unknown cure '${cure}'`, {
      code: 'UNKNOWN_CURE',
      next: `one of: ${Object.keys(cures).join(', ')}`,
    });
  const only = cure === undefined ? (Object.keys(cures) as CureId[]) : [cure as CureId];
  const width = err.columns();
  const tell = (progress: Progress) => {
    if (width > 0)
      err.write(
        `\r${progressText(progress)
          .padEnd(width - 1)
          .slice(0, width - 1)}`,
      );
  };
  const cells = [...cureTable(bounds, only, { memoryBytes: memoryMib * 2 ** 20, tell })];
  if (width > 0) err.write(`\r${' '.repeat(width - 1)}\r`);
  const incomplete = cells.some(({ result }) => !result.violation && !result.complete);
  if (json) out.write(`${JSON.stringify(cells.map(cellJson), null, 2)}\n`);
  else
    out.write(
      `${[...tableLines(cells), ...(cure === undefined ? worst(cells) : cells.flatMap(found))].join('\n')}\n`,
    );
  return incomplete ? exitCodes.notAsExpected : exitCodes.asExpected;
}

function progressText({ states, depth, memoryBytes, seconds }: Progress): string {
  const rate = seconds > 0 ? Math.round(states / seconds) : 0;
  return `${states} states, depth ${depth}, ${rate} states/s, ${Math.round(memoryBytes / 2 ** 20)} MiB`;
}

function verdict({ result }: Cell): string {
  if (result.violation) return `yes, ${result.violation.path.length - 1} steps`;
  return result.complete ? 'no' : 'not found, search incomplete';
}

function tableLines(cells: readonly Cell[]): string[] {
  const columns = cells.filter(({ cure }) => cure === cells[0]!.cure);
  const head = ['cure', ...columns.map(({ problem, owner }) => `${problem} (${owner})`)];
  const rows = [...new Set(cells.map(({ cure }) => cure))].map((cure) => [
    cure,
    ...cells.filter((cell) => cell.cure === cure).map(verdict),
  ]);
  const states = cells.reduce((sum, { result }) => sum + result.states, 0);
  const complete = cells.every(({ result }) => result.violation || result.complete);
  return [
    ...table([head, ...rows]),
    '',
    ...Object.entries(problems).map(([id, text]) => `${id}: ${text}`),
    ...Object.entries(owners).map(([id, text]) => `${id}: the vector belongs to ${text}`),
    ...Object.entries(cures).map(([id, { title }]) => `${id}: ${title}`),
    '',
    `${complete ? 'complete' : 'incomplete'} within: ${cells[0]!.result.bounds}; ${states} states in ${cells.length} searches`,
  ];
}

/** Without a cure asked for: how each problem comes about. */
function worst(cells: readonly Cell[]): string[] {
  return (['overwrite', 'loss'] as const).flatMap((problem) => {
    // The loss that the upstream fix leaves is the second problem; without a fix it hides behind the first.
    const cure = problem === 'loss' ? 'locking' : 'none';
    const cell = cells.find(
      (each) => each.problem === problem && each.cure === cure && each.owner === 'vfio',
    );
    return cell ? found(cell) : [];
  });
}

function found({ cure, problem, owner, result, scenario }: Cell): string[] {
  if (!result.violation) return [];
  return [
    '',
    `${problem}, cure ${cure}, ${owner}: broken: ${result.violation.text}. The shortest way:`,
    '',
    ...interleaving(scenario, result.violation.path).map((line) => `  ${line}`),
  ];
}

function cellJson({ cure, problem, owner, result, scenario }: Cell) {
  const { violation, ...rest } = result;
  return {
    ...{ cure, problem, owner, ...rest },
    violation: violation && {
      kind: violation.kind,
      text: violation.text,
      steps: violation.path.flatMap(({ action }) =>
        action ? [{ process: action.process, id: action.id, text: action.text }] : [],
      ),
      end: scenario.describe(violation.path.at(-1)!.state),
    },
  };
}
