/** The recordings of the grid convict a lie about every rule of the ladder, the spreading and the simulation. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const node = join(root, 'node_modules/.bin/node');

test('every mutant is convicted, and the model is not', { timeout: 120_000 }, async () => {
  // Node's own module loader: the test runner has another, which knows no hooks.
  const run = promisify(execFile)(node, ['conformance/grid/main.ts', '--mutants'], { cwd: root });
  const { stdout } = await run.catch((error) => error);
  const lines: string[] = stdout.split('\n');
  expect(lines.filter((line) => line.endsWith('GOT AWAY'))).toEqual([]);
  const [, right, all] = /^(\d+) of (\d+) as they should be$/.exec(lines.at(-2)!)!;
  expect(Number(right)).toBe(Number(all));
  expect(Number(all)).toBeGreaterThan(20);
});
