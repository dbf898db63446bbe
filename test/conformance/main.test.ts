/** `npm run model:conformance` as a user runs it, without a machine. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { repositoryTraces } from '../../conformance/store.ts';
import { exitCodes } from '../../src/errors.ts';
import { folderWith, node, root } from '../cli/cli.ts';

function conformance(args: string[], cache = folderWith()) {
  const done = spawnSync(node, [join(root, 'conformance/main.ts'), ...args], {
    env: { PATH: process.env.PATH ?? '', VFLAB_CACHE: cache },
    encoding: 'utf8',
  });
  return { exitCode: done.status, stdout: done.stdout, stderr: done.stderr };
}

test('the recordings of the repository, and what is not recorded', () => {
  const { exitCode, stdout, stderr } = conformance([]);
  expect({ exitCode, stderr }).toEqual({ exitCode: exitCodes.asExpected, stderr: '' });
  expect(stdout).toMatch(
    /^6\.12 {2,}storm {2,}\d+ {2,}100 % {2,}100 % {2,}99\.\d\d % {2,}0 {2,}repository$/m,
  );
  expect(stdout).toMatch(/^\d kernels {2,}\d+ recordings {2,}\d{5} /m);
  expect(stdout).toMatch(/^Not recorded: .*6\.1 boot-80/m);
});

test('a recording of the cache counts instead, and a mismatch in it is 1', () => {
  const cache = folderWith();
  const file = repositoryTraces().find((name) => name.endsWith('6.1-hotplug.trace.gz'))!;
  const text = gunzipSync(readFileSync(file)).toString('latin1');
  mkdirSync(join(cache, 'traces'));
  const wrong = text.replace(
    /(irq_matrix_free: .* avl=)(\d+)/,
    (_, head, avl) => `${head}${Number(avl) + 1}`,
  );
  writeFileSync(join(cache, 'traces/6.1-hotplug.trace.gz'), gzipSync(wrong));
  const args = ['hotplug', '--kernel', '6.1'];
  const { exitCode, stdout } = conformance(args, cache);
  expect(exitCode).toBe(exitCodes.notAsExpected);
  expect(stdout).toContain(`${join(cache, 'traces/6.1-hotplug.trace.gz')}:`);
  expect(stdout).toMatch(/^ {2}MX1: avl=\d+, the model allows \d+$/m);
  const { rows, missing } = JSON.parse(conformance([...args, '--json'], cache).stdout);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ kernel: '6.1', scenario: 'hotplug', from: 'cache' });
  expect(missing).toEqual([]);
});

test('nothing of what was asked for is recorded: 4', () => {
  const { exitCode, stdout } = conformance(['boot-80']);
  expect(exitCode).toBe(exitCodes.nothingRan);
  expect(stdout).toContain('Not recorded: ');
});

test.each([
  [['nosuch'], 'no scenario is called nosuch'],
  [['--nosuch'], 'nosuch'],
  [['--kernel', '9.9'], '9.9'],
])('%j: 2', (args, said) => {
  const { exitCode, stdout, stderr } = conformance(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: exitCodes.usage, stdout: '' });
  expect(stderr).toContain(said);
});
