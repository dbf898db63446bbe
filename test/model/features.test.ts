import { describe, expect, test } from 'vitest';
import { kernelFeatures, kernelFeatureTable, kernelVersion, qemuFeatures } from '../../src/model/features.ts';

describe('the version of a kernel', () => {
  test.each([
    [
      '6.12.95+deb12-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 6.12.95-1~bpo12+1 (2026-07-01)',
      { major: 6, minor: 12, sublevel: 95 },
    ],
    [
      '6.1.0-47-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-01)',
      { major: 6, minor: 1, sublevel: 170 },
    ],
    // Debian's release alone hides the sublevel.
    ['6.1.0-47-amd64', '', { major: 6, minor: 1 }],
    ['5.15.0', '', { major: 5, minor: 15, sublevel: 0 }],
    ['4.18.0-348.2.1.el8_5.x86_64', '', { major: 4, minor: 18 }],
    ['6.18-rc3', '', { major: 6, minor: 18 }],
    [
      '7.2.13+deb14-amd64',
      '#1 SMP PREEMPT_DYNAMIC Debian 7.2.13-1 (2026-10-26)',
      { major: 7, minor: 2, sublevel: 13 },
    ],
  ])('%s %s', (release, build, version) => {
    expect(kernelVersion(release, build)).toEqual(version);
  });

  test('none', () => {
    expect(kernelVersion('custom')).toBeUndefined();
  });
});

describe('features by version', () => {
  const of = (release: string) => kernelFeatures(kernelVersion(release));
  test.each([
    ['6.1.170', 'aerSpecWords', false],
    ['6.8.0', 'aerSpecWords', true],
    ['6.12.95', 'aerResetAfterMmioEnabled', false],
    ['6.17.9', 'aerResetAfterMmioEnabled', false],
    ['6.18.0', 'aerResetAfterMmioEnabled', true],
    ['5.15.0', 'aerDisconnectedVotes', false],
    ['6.1.170', 'aerDisconnectedVotes', true],
    ['5.8.0', 'aerResetOverridesVotes', true],
    ['5.10.100', 'aerResetOverridesVotes', 'unknown'],
    ['5.15.0', 'aerResetOverridesVotes', false],
    ['4.18.0', 'aerFatalRemovesDevices', true],
    ['4.20.0', 'aerFatalRemovesDevices', false],
    ['4.18.0', 'aerNamesVeto', false],
    ['6.1.170', 'igbIgnoresNonFatal', 'unknown'],
    ['6.12.95', 'igbIgnoresNonFatal', true],
    ['6.15.11', 'aerLimitsLines', false],
    ['6.16.0', 'aerLimitsLines', true],
    ['6.12.117', 'aerPortLineSaysNothingFound', false],
    ['7.2.13', 'aerPortLineSaysNothingFound', true],
    ['6.12.117', 'aerNotifiesFailure', false],
    ['7.2.13', 'aerNotifiesFailure', true],
    ['7.2.13', 'aerResetAfterMmioEnabled', true],
    ['6.12.117', 'vfioHidesPinWithoutIrq', false],
    ['7.2.13', 'vfioHidesPinWithoutIrq', true],
    ['6.1.170', 'genirqCondOneshotRequests', false],
    ['6.10.2', 'genirqCondOneshotRequests', false],
    ['6.10.3', 'genirqCondOneshotRequests', true],
    ['6.12.95', 'genirqCondOneshotRequests', true],
    ['6.1.170', 'vectorSetupLocked', false],
    ['6.12.41', 'vectorSetupLocked', false],
    ['6.12.95', 'vectorSetupLocked', true],
    ['6.12.95', 'edgeWaitsForHandler', false],
    ['6.17.0', 'edgeWaitsForHandler', true],
    ['6.19.14', 'affinitySpreadByCluster', false],
    ['7.2.13', 'affinitySpreadByCluster', true],
  ] as const)('%s %s: %s', (release, feature, expected) => {
    expect(of(release)[feature]).toBe(expected);
  });

  test('without a version everything is unknown', () => {
    expect(new Set(Object.values(kernelFeatures(undefined)))).toEqual(new Set(['unknown']));
  });

  test('every feature says what it is and where it is from', () => {
    for (const [name, { what, source }] of Object.entries(kernelFeatureTable)) {
      expect([name, what.length > 20, source.length > 20]).toEqual([name, true, true]);
    }
  });
});

test('QEMU: a VM is stopped; a handler of its own is ruled out only for what was read', () => {
  expect(qemuFeatures('QEMU emulator version 10.0.2 (Debian 1:10.0.2)')).toEqual({
    vfioErrorStopsVm: true,
    vfioErrorHandler: false,
  });
  expect(qemuFeatures('QEMU emulator version 11.0.0').vfioErrorHandler).toBe('unknown');
});
