import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { kernelFeatures } from '../../../src/model/features.ts';
import { accountOfTrace } from '../../../src/verdict/slots/account.ts';
import { readTrace } from '../../../src/verdict/slots/reading.ts';

// A real trace since boot; the marks are put between its events.
const packed = join(import.meta.dirname, '../../fixtures/traces/6.12-cpus.trace.gz');
const lines = gunzipSync(readFileSync(packed)).toString('latin1').trimEnd().split('\n');
const events = lines.flatMap((line, i) => (line.includes(': irq_matrix_') ? [i] : []));
const mark = (id: string) =>
  `              sh-162     [003] .....         2549: tracing_mark_write: vflab-marker ${id}`;

test('a moment knows what happened to the matrix up to the mark that ends it', () => {
  const [first, last] = [events.at(40)!, events.at(43)!];
  const marked = [
    ...lines.slice(0, first),
    mark('begin'),
    ...lines.slice(first, last),
    mark('end'),
    ...lines.slice(last),
  ].join('\n');
  const read = (ends: ReadonlyMap<string, string>) =>
    readTrace(marked, new Set(['begin', 'end']), kernelFeatures(undefined), ends).moments;
  const moments = read(new Map([['begin', 'end']]));
  const { later, state } = moments.get('begin')!;
  expect(later).toHaveLength(3);
  expect(later.at(-1)).toEqual(moments.get('end')!.state);
  expect(accountOfTrace(later[0]!)).not.toEqual(accountOfTrace(state));
  // Without a mark that ends it a moment is one state.
  expect(read(new Map()).get('begin')!.later).toEqual([]);
});
