/** The matrix: every axis × every variant, minus what the lab excludes, narrowed to what the user chose. */
import { didYouMean } from './nearest.ts';
import { axisNames, type Lab } from './schema.ts';

export interface Axis {
  name: string;
  /** As written on the command line: numbers and booleans are words here. */
  values: string[];
}

/** The chosen value of every axis, e.g. `{ kernel: '6.12', variant: 'hang' }`. */
export type Cell = Record<string, string>;

/** Axis name → patterns (`*` and `?`), a value matching any of them is chosen. `all` is `*`. */
export type Selection = Record<string, string[]>;

export interface Selected {
  cells: Cell[];
  /** What the selection asks for and the lab does not have. */
  problems: string[];
}

/** Axes that the lab has, `variant` not among them. `kernel` always is. */
export function axesOf(lab: Lab): Axis[] {
  return axisNames.flatMap((name) => {
    const values = lab.matrix[name];
    return values ? [{ name, values: values.map(String) }] : [];
  });
}

/** Every cell that the lab does not exclude: kernel by kernel, the variants in the order of the file. */
export function cellsOf(lab: Lab): Cell[] {
  let cells: Cell[] = [{}];
  for (const axis of [...axesOf(lab), { name: 'variant', values: Object.keys(lab.variants) }]) {
    cells = cells.flatMap((cell) => axis.values.map((value) => ({ ...cell, [axis.name]: value })));
  }
  return cells.filter((cell) => !lab.matrix.exclude.some((when) => matches(cell, when)));
}

/**
 * Without a word about an axis a run takes its first value, or those that the lab calls usual; of `variant`, all but
 * those that run on demand.
 */
export function selectCells(lab: Lab, selection: Selection, customKernel = false): Selected {
  const axes: Axis[] = [...axesOf(lab), { name: 'variant', values: Object.keys(lab.variants) }];
  const problems: string[] = [];
  for (const name of Object.keys(selection)) {
    const names = axes.map((axis) => axis.name);
    if (!names.includes(name))
      problems.push(`no axis "${name}"${didYouMean(name, names)}; this lab has ${names.join(', ')}`);
  }
  const chosen = new Map<string, string[]>();
  for (const axis of axes) {
    const patterns = selection[axis.name];
    if (!patterns) {
      chosen.set(axis.name, usualOf(lab, axis));
      continue;
    }
    for (const pattern of patterns) {
      if (!axis.values.some((value) => matchesPattern(value, pattern)))
        problems.push(
          `no ${axis.name} "${pattern}"${didYouMean(pattern, axis.values)}; this lab has ${axis.values.join(', ')}`,
        );
    }
    chosen.set(
      axis.name,
      axis.values.filter((value) => patterns.some((pattern) => matchesPattern(value, pattern))),
    );
  }
  const cells = cellsOf(lab).filter((cell) =>
    Object.entries(cell).every(([name, value]) => chosen.get(name)!.includes(value)),
  );
  return { cells: customKernel ? cells.map((cell) => ({ ...cell, kernel: 'custom' })) : cells, problems };
}

function usualOf(lab: Lab, { name, values }: Axis): string[] {
  if (name === 'variant') return values.filter((id) => !lab.variants[id]!.onDemand);
  return usualAxes(lab)[name] ?? values.slice(0, 1);
}

/** Axis → the values that the lab calls usual, as words. */
export function usualAxes(lab: Lab): Record<string, string[]> {
  const { usual } = lab.matrix;
  return Object.fromEntries(
    axisNames.flatMap((name) => (usual[name] ? [[name, usual[name].map(String)]] : [])),
  );
}

/** Usable as a folder name. Axes with one value say nothing and are left out; the kernel is always said. */
export function cellId(lab: Lab, cell: Cell): string {
  const parts = axesOf(lab)
    .filter((axis) => axis.name === 'kernel' || axis.values.length > 1)
    .map((axis) => (axis.name === 'kernel' ? cell.kernel! : `${axis.name}-${cell[axis.name]}`));
  return [...parts, cell.variant!].join('+');
}

export function matches(cell: Cell, when: Record<string, unknown>): boolean {
  return Object.entries(when).every(([name, value]) => cell[name] === String(value));
}

/** `*` any run of characters, `?` one. By hand and linear in practice: a pattern never becomes a regular expression. */
export function matchesPattern(value: string, pattern: string): boolean {
  if (pattern === 'all') return true;
  let v = 0;
  let p = 0;
  let star = -1;
  let mark = 0;
  while (v < value.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = v;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === value[v])) {
      v++;
      p++;
    } else if (star >= 0) {
      p = star + 1;
      v = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
