import { expect, test } from 'vitest';
import { judgeAll } from './controls.ts';

test('every finding has a run without it and a run with it, and every control does what it says', async () => {
  const { rows, wrong } = await judgeAll();
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter(({ absent, found }) => !absent || !found).map(({ finding }) => finding)).toEqual([]);
  expect(wrong).toEqual([]);
});
