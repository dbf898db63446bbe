/** Two errors of one source that meet: a report may find its status consumed, or not there yet. */
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

const recovery = [
  { kind: 'broadcast', stage: 'error_detected' },
  { kind: 'driver', device: '0000:01:00.0', what: 'detected-normal' },
  { kind: 'broadcast', stage: 'mmio_enabled' },
  { kind: 'broadcast', stage: 'resume' },
  { kind: 'end', recovered: true },
] as const;

test('or its next error comes between the two looks at the status: recovered, and not named', () => {
  const log = [...portLine, ...recovery];
  expect(explain({ ...episode, repeated: true }, log)).toMatchObject({
    ...{ explained: true, outcome: 'recovered' },
  });
  expect(explain(episode, log)).toMatchObject({ explained: false, index: 1 });
});

test('the same beside another source that is named: two recoveries, one name', () => {
  const vf = '0000:01:10.0';
  const walk = [...episode.walk, { ...episode.walk[0]!, bdf: vf, driver: 'vfio-pci', isVf: true }];
  const named = [
    { kind: 'device', device: vf, severity: 'non-fatal', inaccessible: false },
    { kind: 'status', device: vf },
  ] as const;
  const log = [...portLine, ...named, ...recovery, ...recovery];
  expect(explain({ ...episode, walk, repeated: true }, log).explained).toBe(true);
  expect(explain({ ...episode, walk }, log)).toMatchObject({ explained: false });
  // A third is one too many.
  expect(explain({ ...episode, walk, repeated: true }, [...log, ...recovery]).explained).toBe(false);
});

test('named, and not recovered: only where the next report takes the status up', () => {
  const named = [
    { kind: 'device', device: '0000:01:00.0', severity: 'non-fatal', inaccessible: false },
    { kind: 'status', device: '0000:01:00.0' },
  ] as const;
  const log = [...portLine, ...named];
  expect(explain({ ...episode, followed: true }, log)).toMatchObject({
    ...{ explained: true, outcome: 'reported' },
  });
  expect(explain(episode, log)).toMatchObject({ explained: false, rule: 'AER-O1' });
  expect(explain({ ...episode, repeated: true }, log)).toMatchObject({ explained: false, rule: 'AER-O1' });
  // What has begun has to end.
  expect(explain({ ...episode, followed: true }, [...log, recovery[0]])).toMatchObject({ explained: false });
});
