import { expect, test } from 'vitest';
import { liveProgress, progressText } from '../../src/report/explore-progress.ts';

const seen = { states: 65_536, depth: 31, memoryBytes: 3 * 2 ** 20, seconds: 0.2 };

test('states, depth, speed and memory', () =>
  expect(progressText(seen)).toBe('65536 states, depth 31, 327680 states/s, 3 MiB'));

test('one line, written over, and gone at the end', () => {
  let written = '';
  const terminal = (columns: number) => ({
    write: (text: string) => (written += text),
    columns: () => columns,
  });
  const live = liveProgress(terminal(20));
  live.tell(progressText(seen));
  live.clear();
  expect(written).toBe(`\r65536 states, depth\r${' '.repeat(19)}\r`);
  written = '';
  const none = liveProgress(terminal(0));
  none.tell('x');
  none.clear();
  expect(written).toBe('');
});
