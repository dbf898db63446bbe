import { expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { clean, runResult, variantResult } from '../report/sample.ts';
import { vflab } from './cli.ts';

const json = JSON.stringify;
const files = {
  'a/result.json': json(runResult([variantResult()])),
  'b/result.json': json(runResult([{ ...clean, id: '6.12+hang', axes: variantResult().axes }])),
  'other/result.json': json(runResult([variantResult()], { lab: 'aer-storm' })),
  'cut/run.json': '{}',
};

test('the same: 0; another verdict: 1, and as JSON', () => {
  expect(vflab(['compare', 'a', 'a/result.json'], { files })).toMatchObject({ exitCode: 0, stderr: '' });
  const said = vflab(['compare', 'a', 'b', '--json'], { files });
  expect(said).toMatchObject({ exitCode: exitCodes.notAsExpected, stderr: '' });
  expect(JSON.parse(said.stdout)).toMatchObject({
    before: 'a',
    after: 'b',
    lab: 'vf-aer-hang',
    variants: [{ name: '6.12+hang', answer: 'differs', findingsGone: ['vm-stopped-by-aer'] }],
  });
});

test.each([
  ['other', 'NOT_COMPARABLE', 'a run of vf-aer-hang, other one of aer-storm'],
  ['cut', 'NOT_A_RUN', 'runs/latest'],
])('beside %s: %s', (folder, code, says) => {
  const said = vflab(['compare', 'a', folder], { files });
  expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
  expect(said.stderr).toContain(`error ${code}: `);
  expect(said.stderr).toContain(says);
});
