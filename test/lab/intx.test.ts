/** Labs about interrupt lines: what variants change, in which order guests are started, and what cannot be. */
import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import { labOf, problemsIn } from './load.ts';

const lab = `title: Two on one line
failure: vfio-intx-conflict
host:
  nointxmask: true
  devices:
    card0: { kind: edu, slot: 5 }
    card1: { kind: e1000, slot: 9 }
    usb0: { kind: uhci, slot: 7 }
    nic0: { kind: igb, network: 10.0.8.0/24, vfs: [{ driver: none }] }
guests:
  vm0: { passthrough: [card0] }
  vm1: { passthrough: [card1] }
remedies:
  slot: { host: { devices: { card1: { slot: 10 } } } }
  vf: { guests: { vm1: { passthrough: [nic0.vf0] } }, before: [{ unbind: card1 }] }
  unbind: { after: [{ unbind: usb0 }, { startGuest: vm1 }] }
variants:
  conflict: { expect: { verdict: reproduced } }
  slot: { remedy: slot, expect: { verdict: clean, remedy: prevented } }
  vf: { remedy: vf, expect: { verdict: clean, remedy: prevented } }
  unbind:
    host: { nointxmask: false, devices: { usb0: { slot: 6 } } }
    remedy: unbind
    expect: { verdict: reproduced, remedy: cured }
`;

function plan(variant: string) {
  const result = makePlan(labOf(lab), { name: 'x', file: 'labs/x.yaml', selection: { variant: [variant] } });
  if (!result.ok) throw new Error(result.problems.join());
  return result.plan.variants[0]!;
}

const steps = (variant: string, phase: string) =>
  plan(variant)
    .phases.find(({ name }) => name === phase)
    ?.actions.map((action) => [action.do, ...Object.values(action).slice(1)].join(' '));

test('functions are looked at before vfio-pci has them; a start may fail', () => {
  expect(steps('conflict', 'prepare-devices')).toEqual([
    'create-vfs nic0',
    'prepare-root-device usb0',
    'probe-intx',
    'bind-driver card0 vfio-pci',
    'bind-driver card1 vfio-pci',
  ]);
  expect(steps('conflict', 'start-guests')).toEqual([
    'snapshot host before-guests',
    'start-guest vm0 true',
    'start-guest vm1 true',
    'await-guest vm0',
    'await-guest vm1',
  ]);
  expect(plan('conflict').host.spec.cmdline).toContain('vfio_pci.nointxmask=1');
});

test('a change of a slot is a change of the line', () => {
  const lines = (variant: string) => plan(variant).rootDevices!.map(({ id, line }) => `${id} ${line}`);
  expect(lines('conflict')).toEqual(['card0 21', 'card1 21', 'usb0 22']);
  expect(lines('slot')).toEqual(['card0 21', 'card1 22', 'usb0 22']);
  expect(lines('unbind')).toEqual(['card0 21', 'card1 21', 'usb0 21']);
  expect(plan('unbind').host.spec.cmdline).not.toContain('vfio_pci.nointxmask=1');
});

test('a guest may be given something else; what it had then stays with the host', () => {
  const { guests, rootDevices } = plan('vf');
  expect(guests.map(({ passthrough }) => passthrough.map((p) => p.function))).toEqual([
    ['card0'],
    ['nic0.vf0'],
  ]);
  expect(rootDevices!.find(({ id }) => id === 'card1')).toMatchObject({ owner: 'host', driver: 'e1000' });
});

test('before a guest is started again the lines are looked at', () => {
  expect(steps('unbind', 'remedy-after')).toEqual([
    'unbind usb0',
    'snapshot host before-restart',
    'start-guest vm1 true',
    'await-guest vm1',
  ]);
});

describe('what cannot be', () => {
  test.each([
    ['card1: { slot: 10 }', 'card9: { slot: 10 }', '14:30', 'unknown device on the root bus "card9"'],
    ['card1: { slot: 10 }', 'nic0: { slot: 10 }', '14:30', 'nic0 sits behind a port'],
    ['card1: { slot: 10 }', 'card1: { slot: 5 }', '14:19', 'slot: card0 and card1 are both in slot 5'],
    ['card1: { slot: 10 }', 'card1: { slot: 29 }', '14:45', 'must be at most 28'],
    ['vm1: { passthrough: [nic0.vf0]', 'vm9: { passthrough: [nic0.vf0]', '15:19', 'unknown guest "vm9"'],
    ['[nic0.vf0]', '[nic0]', '15:40', 'unknown function to pass through "nic0"'],
    ['[nic0.vf0]', '[card0]', '15:9', 'vf: card0 is passed through twice, to vm0 and to vm1'],
    ['unbind: usb0', 'unbind: usb9', '16:31', 'unknown function "usb9"'],
    ['startGuest: vm1', 'startGuest: vm9', '16:53', 'unknown guest "vm9"'],
  ])('%s → %s', (from, to, at, message) => {
    const problems = problemsIn(lab.replace(from, () => to));
    expect(problems).toContain(`labs/x.yaml:${at}: `);
    expect(problems).toContain(message);
  });
});

test('what a remedy takes from its driver beforehand is not asked for traffic', () => {
  expect(plan('conflict').traffic.map(({ over }) => over)).toContain('card1');
  expect(plan('vf').traffic.map(({ over }) => over)).not.toContain('card1');
});
