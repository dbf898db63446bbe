/** Devices in a slot of the root bus: where they sit, who has them, and which line is theirs. */
import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import { qemuArgs } from '../../src/machine/args.ts';
import { labOf, problemsIn } from './load.ts';

const lab = `title: Devices on the root bus
failure: vm-stopped-by-aer
host:
  ports:
    rp1: {}
  devices:
    card0: { kind: edu, slot: 5 }
    nic1: { kind: e1000, slot: 9, network: 10.0.9.0/24 }
    usb0: { kind: uhci, slot: 6 }
    disk0: { kind: virtio-blk, slot: 4, vectors: 0 }
    nic0: { kind: igb, vfs: [{}] }
guests:
  vm0: { passthrough: [card0] }
  vm1: { passthrough: [nic1, nic0.vf0] }
variants:
  idle: { expect: { verdict: clean } }
`;

function plan() {
  const result = makePlan(labOf(lab), { name: 'x', file: 'labs/x.yaml' });
  if (!result.ok) throw new Error(result.problems.join());
  return result.plan.variants[0]!;
}

test('each has its line, driver and owner in the plan; ports keep out of their slots', () => {
  const { rootDevices, host } = plan();
  expect(rootDevices).toEqual([
    { id: 'card0', kind: 'edu', owner: 'vm0', driver: 'vfio-pci', path: '00:05.0', line: 21 },
    {
      ...{ id: 'nic1', kind: 'e1000', owner: 'vm1', driver: 'vfio-pci', path: '00:09.0', line: 21 },
      address: '10.0.9.15/24',
    },
    { id: 'usb0', kind: 'uhci', owner: 'host', driver: 'uhci_hcd', path: '00:06.0', line: 21 },
    { id: 'disk0', kind: 'virtio-blk', owner: 'host', driver: 'virtio-pci', path: '00:04.0', line: 20 },
  ]);
  expect(host.spec.pci.map(({ slot, id }) => `${id} ${slot}`)).toEqual([
    'rp1 7',
    'nic0-port 8',
    'card0 5',
    'nic1 9',
    'usb0 6',
    'disk0 4',
  ]);
  expect(host.modules).toEqual(
    expect.arrayContaining(['e1000', 'uhci_hcd', 'virtio_blk', 'igb', 'vfio-pci']),
  );
});

test('traffic goes over NICs and disks, and over nothing else', () => {
  expect(plan().traffic.map(({ over, from, kind, to }) => [over, from, kind, to])).toEqual([
    ['nic1', 'vm1', 'ping', '10.0.9.2'],
    ['disk0', 'host', 'block-io', undefined],
    ['nic0', 'host', 'ping', '10.0.2.2'],
    ['nic0.vf0', 'vm1', 'ping', '10.0.2.2'],
  ]);
});

test('as QEMU gets them', () => {
  const args = qemuArgs(plan().host.spec, { accel: 'tcg', disks: { disk0: { kind: 'fd', fd: 9 } } });
  expect(args.filter((arg) => /^(edu|e1000|piix3|virtio-blk)/.test(arg))).toEqual([
    'edu,id=card0,bus=pcie.0,addr=5',
    'e1000,id=nic1,netdev=nic1.net,bus=pcie.0,addr=9,romfile=',
    'piix3-usb-uhci,id=usb0,bus=pcie.0,addr=6',
    'virtio-blk-pci,id=disk0,drive=disk0.disk,num-queues=1,vectors=0,bus=pcie.0,addr=4',
  ]);
});

describe('what cannot be', () => {
  test.each([
    ['slot: 9, network', 'slot: 5, network', '8:32', 'slot 5 of the root bus is taken: card0 is in it'],
    ['slot: 6', 'slot: 29', '9:31', 'must be at most 28'],
    ['slot: 6', 'slot: 1', '9:31', 'must be at least 2'],
    ['slot: 6 }', 'slot: 6, port: rp1 }', '9:34', 'unknown key; known: kind, slot'],
    ['vectors: 0', 'vectors: -1', '10:50', 'must be at least 0'],
    ['10.0.9.0/24', '10.0.3.0/24', '8:44', '10.0.3.0/24 is a control network'],
    ['[nic1,', '[card0,', '14:24', 'card0 is passed through twice: vm0 already has it'],
    ['[card0]', '[nic0]', '13:24', 'nic0 is a PF; only a VF can be passed through'],
    ['guests:', 'traffic: { c: { over: card0 } }\nguests:', '12:23', 'card0 is neither a NIC nor a disk'],
  ])('%s → %s', (from, to, at, message) => {
    const problems = problemsIn(lab.replace(from, () => to));
    expect(problems).toContain(`labs/x.yaml:${at}: `);
    expect(problems).toContain(message);
  });
});
