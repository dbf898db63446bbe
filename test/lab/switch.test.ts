/** A switch in a lab: where its ports are in the PCI tree, and what QEMU gets. */
import { expect, test } from 'vitest';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import { qemuArgs } from '../../src/machine/args.ts';

const text = `
title: a switch
failure: vm-stopped-by-aer
host:
  ports: { rp1: {}, rp2: { switch: [leg1, leg2] } }
  devices:
    nic0: { kind: igb, port: leg1, vfs: [{ driver: vfio-pci }] }
    disk0: { kind: nvme, port: leg2 }
faults:
  leg: { kind: aer, target: leg2, error: CmpltTO, severity: non-fatal }
variants:
  only: { faults: [leg], expect: { verdict: clean } }
`;

function load(from = '', to = '') {
  return loadLab(text.replace(from, to), 'x.yaml');
}

test('devices behind its legs, and a VF that vfio-pci has for nobody', () => {
  const loaded = load();
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const planned = makePlan(loaded.lab, { name: 'x', file: 'x.yaml' });
  if (!planned.ok) throw new Error(planned.problems.join());
  const { devices, host, traffic } = planned.plan.variants[0]!;
  expect(devices.map(({ id, port, path }) => [id, port, path])).toEqual([
    ['nic0', 'leg1', '00:05.0/00.0/00.0/00.0'],
    ['disk0', 'leg2', '00:05.0/00.0/01.0/00.0'],
  ]);
  // Nothing goes over a VF without a driver of its own.
  expect(traffic.map(({ over }) => over)).toEqual(['nic0', 'disk0']);
  const args = qemuArgs(host.spec, {
    accel: 'tcg',
    serial: { kind: 'tcp', port: 1 },
    qmp: { kind: 'tcp', port: 2 },
    disks: { disk0: { kind: 'file', path: 'x' } },
  });
  expect(args.filter((arg) => arg.includes('3130'))).toEqual([
    'x3130-upstream,id=rp2-up,bus=rp2,addr=0',
    'xio3130-downstream,id=leg1,chassis=64,slot=64,bus=rp2-up,addr=0',
    'xio3130-downstream,id=leg2,chassis=65,slot=65,bus=rp2-up,addr=1',
  ]);
});

test.each([
  ['port: leg1', 'port: rp2', /unknown port "rp2"/],
  ['port: leg1', 'port: leg3', /unknown port "leg3" \(did you mean "leg[12]"\?\)/],
  ['port: leg2', 'port: leg1', /port leg1 has one slot, and nic0 is in it/],
  ['[leg1, leg2]', '[leg1, leg2, rp1]', /the name "rp1" is taken/],
])('%s → %s', (from, to, message) => {
  const loaded = load(from, to);
  const found = loaded.ok ? [] : loaded.problems.map((problem) => problem.message);
  expect(found.filter((one) => message.test(one))).toHaveLength(1);
});
