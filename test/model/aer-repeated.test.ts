/** Two errors of one source that meet: the second report may find its status consumed. */
import { expect, test } from 'vitest';
import { explain } from '../../src/model/aer/explain.ts';
import type { Episode } from '../../src/model/aer/types.ts';
import { kernelFeatures } from '../../src/model/features.ts';

const episode: Episode = {
  ...{ severity: 'non-fatal', source: '0000:01:00.0', port: '0000:00:04.0', bridge: '0000:00:04.0' },
  walk: [{ bdf: '0000:01:00.0', driver: 'igb', isVf: false, isBridge: false, disconnected: false }],
  features: kernelFeatures(undefined),
};
const portLine = [
  { kind: 'report', source: '0000:01:00.0', severity: 'non-fatal', noDetails: false },
] as const;

test('a port line alone is a log that stops short', () => {
  expect(explain(episode, portLine)).toMatchObject({ explained: false, rule: 'AER-O1' });
});

test('right after another report of the same source it is all there is to print', () => {
  expect(explain({ ...episode, repeated: true }, portLine)).toMatchObject({
    ...{ explained: true, outcome: 'reported' },
  });
});
