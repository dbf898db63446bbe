import { describe, expect, test } from 'vitest';
import { bisectExitCode, exitCodeOf } from '../../src/report/outcome.ts';
import { broke, clean, runResult, variantResult, wrong } from './sample.ts';

const reproduced = variantResult();
const unproved = variantResult({ verdict: 'inconclusive', asExpected: false });

describe('exit code', () => {
  test.each([
    ['as expected', [reproduced, clean], 0],
    ['one is not', [clean, wrong], 1],
    ['one broke', [clean, broke], 3],
    ['inconclusive is no answer either', [clean, unproved], 3],
    ['a departure counts more than a broken lab', [broke, wrong], 1],
    ['nothing ran', [], 4],
  ])('%s', (_, variants, code) => expect(exitCodeOf([runResult(variants)])).toBe(code));
  test('several labs are one answer', () => {
    expect(exitCodeOf([runResult([clean]), runResult([broke])])).toBe(3);
    expect(exitCodeOf([])).toBe(4);
  });
  test('an interrupted run says so, whatever it had found', () => {
    expect(exitCodeOf([runResult([wrong], { interrupted: 'SIGINT' })])).toBe(130);
    expect(exitCodeOf([runResult([clean], { interrupted: 'SIGTERM' })])).toBe(143);
  });
});

describe('for git bisect', () => {
  test.each([
    ['clean is good', [clean, clean], 0],
    ['reproduced is bad, though the lab expected it', [reproduced], 1],
    ['any run that shows it is enough', [clean, broke, reproduced], 1],
    ['a lab that broke is skipped', [clean, broke], 125],
    ['inconclusive is skipped', [unproved], 125],
    ['nothing ran: stop', [], 128],
  ])('%s', (_, variants, code) => expect(bisectExitCode([runResult(variants)])).toBe(code));
  test('interrupted stops the bisection', () => {
    expect(bisectExitCode([runResult([clean], { interrupted: 'SIGINT' })])).toBeGreaterThanOrEqual(128);
  });
  test('a reproduction of a lab that then broke is not trusted', () => {
    expect(bisectExitCode([runResult([variantResult({ error: broke.error! })])])).toBe(125);
  });
});
