/** Who was asked, as a trace shows it: once by each recovery, in the order of the bus. */
import { expect, test } from 'vitest';
import { checkHandlers, type HandlerCall } from '../../src/model/aer/handlers.ts';
import type { Episode } from '../../src/model/aer/types.ts';
import { kernelFeatures, kernelVersion } from '../../src/model/features.ts';

const pf = { bdf: '0000:01:00.0', driver: 'igb', isVf: false, isBridge: false, disconnected: false };
const vf = { bdf: '0000:01:10.0', driver: 'vfio-pci', isVf: true, isBridge: false, disconnected: false };
const episode: Episode = {
  ...{ severity: 'non-fatal', source: pf.bdf, port: '0000:00:04.0', bridge: '0000:00:04.0' },
  walk: [pf, vf],
  features: kernelFeatures(undefined),
};
const asks = ({ bdf, driver }: typeof pf): HandlerCall => ({
  ...{ bdf, driver, stage: 'error_detected', result: 'can-recover' },
});
const recovery = [asks(pf), asks(vf)];

test('two sources are two recoveries, each of which asks the whole bus', () => {
  expect(checkHandlers(episode, recovery)).toBeUndefined();
  expect(checkHandlers(episode, [...recovery, ...recovery], 2)).toBeUndefined();
});

test('more rounds than recoveries, or a round that leaves one out', () => {
  expect(checkHandlers(episode, [...recovery, ...recovery])).toMatchObject({ index: 2, rule: 'AER-ORDER' });
  expect(checkHandlers(episode, [...recovery, ...recovery, ...recovery], 2)).toMatchObject({ index: 4 });
  expect(checkHandlers(episode, [asks(pf), ...recovery], 2)).toMatchObject({ index: 1, rule: 'AER-WALK' });
  expect(checkHandlers(episode, [...recovery, asks(pf)], 2)).toMatchObject({ index: 3, rule: 'AER-WALK' });
});

const of = (release: string): Episode => ({ ...episode, features: kernelFeatures(kernelVersion(release)) });
const tells = (fn: typeof pf): HandlerCall => ({ ...asks(fn), stage: 'perm_failure', result: 'disconnect' });
const told = [...recovery, tells(pf), tells(vf)];

test('a recovery that failed: from 6.18 on everybody is told, before nobody', () => {
  expect(checkHandlers(of('7.2.13'), told, 1, 1)).toBeUndefined();
  expect(checkHandlers(of('6.12.117'), recovery, 1, 1)).toBeUndefined();
  expect(checkHandlers(of('6.12.117'), told, 1, 1)).toMatchObject({ index: 2, rule: 'AER-FAILURE' });
  expect(checkHandlers(of('7.2.13'), recovery, 1, 1)).toMatchObject({ index: 2, rule: 'AER-FAILURE' });
  expect(checkHandlers(of('7.2.13'), told.slice(0, 3), 1, 1)).toMatchObject({
    ...{ index: 3, rule: 'AER-FAILURE' },
    message: 'vfio-pci was never told of the failure for 0000:01:10.0, though it is on the bus',
  });
  // Where the release is not known either may be.
  expect(checkHandlers(episode, recovery, 1, 1)).toBeUndefined();
  expect(checkHandlers(episode, told, 1, 1)).toBeUndefined();
});

test('nobody is told of a recovery that succeeded', () => {
  expect(checkHandlers(of('7.2.13'), told, 1, 0)).toMatchObject({ index: 2, rule: 'AER-FAILURE' });
  // Two of which one failed.
  expect(checkHandlers(of('7.2.13'), [...told, ...recovery], 2, 1)).toBeUndefined();
  expect(checkHandlers(of('7.2.13'), [...told, ...told], 2, 1)).toMatchObject({ index: 6 });
});
