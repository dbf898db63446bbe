/** The import rules of docs/design.md, checked. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/**
 * Room → rooms it may import, as the table in docs/design.md says. `errors.ts` and `shell.ts` are everybody's. A room that is not
 * here may import everything. Types cross freely (they are gone at run time) except into `model`, which is alone.
 */
const mayImport: Record<string, readonly string[]> = {
  // A lab file contains faults and names findings; a plan names the trace events, and says which slots share a line.
  lab: ['faults/*/schema', 'machine/trace-events', 'model/intx/wiring', 'verdict/types'],
  images: [],
  machine: [],
  guest: ['machine'],
  'real-host': ['guest'],
  faults: ['machine', 'guest', 'evidence'],
  evidence: [],
  // Machines are read through what it is given; only their types are imported.
  introspect: [],
  model: [],
  // plan.ts is types and lists of words.
  verdict: ['evidence', 'model', 'lab/plan'],
  // What it reuses of the verdict is how a log is cut into AER reports.
  diagnose: ['evidence', 'model', 'verdict/failures/vm-stopped-by-aer/episodes'],
  // What it reuses of the diagnosis is how files of any kind are read.
  preflight: ['model', 'diagnose/casebook', 'diagnose/machine'],
  explore: ['model'],
  // Which schedule is run, not how: that is run/hunt/.
  hunt: [],
  // A machine is driven through what it is given. The words of a lab file say what is wrong in a schedule.
  director: ['introspect', 'lab/problem', 'lab/zod-problems'],
  // What it tells of a real host is types.
  report: [],
};

/** These work without Node: text in, result out. */
const pure = [
  'lab',
  'evidence',
  'introspect',
  'model',
  'verdict',
  'diagnose',
  'preflight',
  'explore',
  'director',
  'hunt',
];

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  // Linear: each statement ends at its first quote.
  for (const [, keyword, clause, to] of text.matchAll(
    /^\s*(import|export)\b([^'";]*?)\bfrom\s*'([^']+)'|^import\s*'([^']+)'/gm,
  )) {
    if (to === undefined) continue;
    const names = clause!.trim();
    const inner = /^\{([^}]*)\}$/.exec(names)?.[1];
    const typeOnly =
      names.startsWith('type ') ||
      inner?.split(',').every((n) => !n.trim() || n.trim().startsWith('type ')) === true;
    found.push({ from: file, to: resolveImport(file, to), typeOnly: typeOnly && keyword !== undefined });
  }
  for (const [, to] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    found.push({ from: file, to: resolveImport(file, to!), typeOnly: false });
  return found;
}

/** `lab/plan` for a file of src/, else the package's name. */
function resolveImport(file: string, to: string): string {
  return to.startsWith('.') ? join(dirname(file), to).replace(/\.ts$/, '') : to;
}

function roomOf(path: string): string {
  return path.split('/')[0]!;
}

/** What is wrong with one import, or undefined. */
function complaint({ from, to, typeOnly }: Import): string | undefined {
  const room = roomOf(from);
  const isPackage = !to.includes('/') || to.startsWith('@') || to.startsWith('node:');
  if (pure.includes(room) && !typeOnly && to.startsWith('node:'))
    return `${from} imports ${to}: ${room} is pure`;
  if (isPackage || to === 'errors' || to === 'shell' || roomOf(to) === room) return undefined;
  const allowed = mayImport[room];
  if (!allowed || (typeOnly && room !== 'model')) return undefined;
  const fits = allowed.some((rule) => matchesRule(to, rule));
  return fits
    ? undefined
    : `${from} imports ${to}: ${room} may import ${allowed.join(', ') || 'no other room'}`;
}

function matchesRule(path: string, rule: string): boolean {
  const steps = rule.split('/');
  return path
    .split('/')
    .slice(0, steps.length)
    .every((step, i) => steps[i] === '*' || steps[i] === step);
}

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

test('every room keeps to the imports that docs/design.md gives it', () => {
  const found = files.flatMap((file) => importsOf(file, readFileSync(join(src, file), 'utf8')));
  expect(found.length).toBeGreaterThan(50);
  expect(found.map(complaint).filter((c) => c !== undefined)).toEqual([]);
});

describe('the check can fail', () => {
  const check = (file: string, text: string) =>
    importsOf(file, text)
      .map(complaint)
      .filter((c) => c !== undefined);
  test.each([
    ['lab/x.ts', "import { readFileSync } from 'node:fs';", 1],
    ['lab/x.ts', "import type { Stats } from 'node:fs';", 0],
    ['model/x.ts', "import type { Plan } from '../lab/plan.ts';", 1],
    ['model/aer/x.ts', "import { y } from '../irq.ts';", 0],
    ['evidence/x.ts', "import {\n  type A,\n  b,\n} from '../machine/qmp.ts';", 1],
    ['evidence/x.ts', "export { b } from '../machine/qmp.ts';", 1],
    ['machine/x.ts', "const { y } = await import('../run/run.ts');", 1],
    ['faults/aer/inject.ts', "import { x } from '../../guest/linux.ts';", 0],
    ['verdict/x.ts', "import { failureIds } from '../lab/plan.ts';", 0],
    ['verdict/x.ts', "import { loadLab } from '../lab/load.ts';", 1],
    ['run/x.ts', "import { loadLab } from '../lab/load.ts';", 0],
    ['report/x.ts', "import { UsageError } from '../errors.ts';", 0],
  ])('%s: %s', (file, text, count) => expect(check(file, text)).toHaveLength(count));
});

test('the command line stays short', () => {
  expect(readFileSync(join(src, 'cli.ts'), 'utf8').split('\n').length).toBeLessThan(120);
});
