/** What is said of labs whose hot-plug does not fit the rest. */
import { expect, test } from 'vitest';
import { loadLab } from '../../src/lab/load.ts';

const lab = (edit: (text: string) => string) =>
  edit(`
title: in and out
failure: resources-leaked
host:
  accounts: true
  ports: { slot1: {} }
  devices: { nic0: { kind: igb }, nic1: { kind: igb, network: 10.0.7.0/24, vfs: [{ driver: igbvf }] } }
faults:
  disk: { kind: hotplug, port: slot1, device: nvme }
  pull: { kind: hotplug, port: slot1, device: nvme, unplug: [surprise] }
  vfs: { kind: sriov, target: nic0 }
variants:
  both: { faults: [disk, vfs], expect: { verdict: clean } }
`);

function complaints(from: string, to: string): string[] {
  const text = lab((whole) => whole.replace(from, to));
  const loaded = loadLab(text, 'x.yaml');
  return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
}

test('as it is, nothing is wrong', () => expect(complaints('', '')).toEqual([]));

test.each([
  ['port: slot1', 'port: slot2', /unknown port "slot2"/],
  ['port: slot1', 'port: nic0-port', /nic0 is in port nic0-port: name an empty one/],
  ['device: nvme', 'device: nvme, vfs: 2', /only igb has VFs here, not nvme/],
  ['target: nic0', 'target: nic1', /nic1 has VFs that the lab uses/],
  ['target: nic0', 'target: nic2', /unknown PF of kind igb "nic2"/],
  ['[disk, vfs]', '[disk, pull]', /disk uses slot1 already, beside it/],
  ['[disk, vfs]', '[pull], host: { hotplug: acpi }', /pulls its card out, which needs `hotplug: native`/],
  ['accounts: true', 'cpus: 2', /told by accounts: write `accounts: true` under `host`/],
  ['accounts: true', 'accounts: true\n  ledger: true', /`ledger` traces the vectors in its own way/],
])('%s → %s', (from, to, message) => {
  const found = complaints(from, to);
  expect(found.filter((text) => message.test(text))).toHaveLength(1);
});
