/** The recordings of the repository convict a mutant of every rule. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { mutants } from '../../conformance/mutants.ts';
import { vectorRules } from '../../src/model/vector/rules.ts';

const root = join(import.meta.dirname, '../..');
const node = join(root, 'node_modules/.bin/node');
/** Node's own module loader: the test runner has another, which knows no hooks. */
const run = (args: string[]) => promisify(execFile)(node, args, { cwd: root });

test('every rule has a mutant', () => {
  const broken = new Set(mutants.map(({ rule }) => rule));
  expect(Object.keys(vectorRules).filter((rule) => !broken.has(rule))).toEqual([]);
  expect([...broken].filter((rule) => !(rule in vectorRules))).toEqual([]);
});

test('every mutant is convicted, and the model is not', { timeout: 60_000 }, async () => {
  const { stdout } = await run(['conformance/mutate.ts']).catch((error) => error);
  expect(stdout.split('\n').filter((line: string) => line.endsWith('GOT AWAY'))).toEqual([]);
  expect(stdout).toContain(`${mutants.length + 1} of ${mutants.length + 1} as they should be`);
});

test('a mutant that changes nothing gets away; one that is not in the file is an error', async () => {
  const script = (to: string, from: string) => `
    import { convict } from './conformance/convict.ts';
    import { readTrace, repositoryTraces } from './conformance/store.ts';
    const lines = readTrace(repositoryTraces()[0]).split('\\n');
    const mutant = { rule: 'MX1', lie: 'none', file: 'src/model/vector/laws.ts', from: ${JSON.stringify(from)}, to: ${JSON.stringify(to)} };
    console.log(await convict([{ name: 'x', kernel: '6.1', lines }], mutant));`;
  const same = await run(['--input-type=module', '-e', script('case  ', 'case')]).catch((error) => error);
  expect(same.stderr).toContain('stands');
  const from = "case 'reserve_managed':";
  const noop = await run(['--input-type=module', '-e', script(`${from} `, from)]);
  expect(noop.stdout).toBe('undefined\n');
});
