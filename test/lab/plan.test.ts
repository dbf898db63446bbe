import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import type { Plan } from '../../src/lab/plan.ts';
import { formatProblem } from '../../src/lab/problem.ts';
import type { Lab } from '../../src/lab/schema.ts';
import { qemuArgs } from '../../src/machine/args.ts';
import { labOf, problemsIn, small, smallWith } from './load.ts';

const folder = join(import.meta.dirname, '../../labs');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function planOf(lab: Lab, selection: Record<string, string[]> = {}): Plan {
  const result = makePlan(lab, { name: 'x', file: 'labs/x.yaml', selection });
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.plan;
}

describe.each(files)('labs/%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const loaded = loadLab(text, `labs/${name}`);

  test('is valid, and tells editors its schema', () => {
    expect(loaded.ok ? '' : loaded.problems.map(formatProblem).join('\n')).toBe('');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../docs/lab.schema.json');
  });

  test('every cell is a plan that holds together', () => {
    if (!loaded.ok) throw new Error('not valid');
    const plan = planOf(loaded.lab, { kernel: ['all'] });
    expect(new Set(plan.variants.map((variant) => variant.id)).size).toBe(plan.variants.length);
    for (const variant of plan.variants) {
      expect(() => qemuArgs(variant.host.spec, { accel: 'tcg' })).not.toThrow();
      for (const guest of variant.guests) {
        const spec = structuredClone(guest.spec);
        for (const slot of spec.pci)
          if (slot.kind === 'root-port' && slot.child?.kind === 'vfio-pci') slot.child.host = '0000:01:10.2';
        expect(() => qemuArgs(spec, { accel: 'kvm' })).not.toThrow();
      }
      const machines = ['host', ...variant.guests.map((guest) => guest.id)];
      for (const action of variant.phases.flatMap((phase) => phase.actions)) {
        if ('guest' in action) expect(machines).toContain(action.guest);
        if ('on' in action) expect(machines).toContain(action.on);
        if ('fault' in action) expect(variant.faults).toHaveProperty(action.fault);
        if ('traffic' in action) expect(variant.traffic.map((t) => t.id)).toContain(action.traffic);
      }
      expect(variant.phases.every((phase) => phase.budgetMs > 0 && phase.actions.length > 0)).toBe(true);
    }
  });
});

test('every lab in docs/labs.md is one', () => {
  const manual = readFileSync(join(folder, '../docs/labs.md'), 'utf8');
  const labs = [...manual.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => problemsIn(text!));
  expect(labs).toEqual(['valid']);
});

describe('a small lab', () => {
  const [variant] = planOf(labOf(small)).variants;

  test('what its defaults are', () => {
    expect({
      devices: variant!.devices,
      traffic: variant!.traffic,
      axes: variant!.axes,
    }).toMatchInlineSnapshot(`
      {
        "axes": {
          "kernel": "6.12",
          "variant": "hang",
        },
        "devices": [
          {
            "address": "10.0.2.15/24",
            "id": "nic0",
            "kind": "igb",
            "path": "00:04.0/00.0",
            "port": "nic0-port",
            "vfs": [
              {
                "address": "10.0.2.44/24",
                "driver": "igbvf",
                "index": 0,
                "mac": "52:54:00:aa:00:01",
                "name": "nic0.vf0",
                "owner": "host",
              },
              {
                "address": "10.0.2.45/24",
                "driver": "vfio-pci",
                "index": 1,
                "mac": "52:54:00:aa:00:02",
                "name": "nic0.vf1",
                "owner": "vm0",
              },
            ],
          },
        ],
        "traffic": [
          {
            "from": "host",
            "id": "nic0",
            "kind": "ping",
            "over": "nic0",
            "to": "10.0.2.2",
          },
          {
            "from": "host",
            "id": "nic0-vf0",
            "kind": "ping",
            "over": "nic0.vf0",
            "to": "10.0.2.2",
          },
          {
            "from": "vm0",
            "id": "nic0-vf1",
            "kind": "ping",
            "over": "nic0.vf1",
            "to": "10.0.2.2",
          },
        ],
      }
    `);
  });
  test('its phases', () => {
    expect(
      variant!.phases.map((p) => `${p.name}: ${p.actions.map((a) => a.do).join(' ')}`),
    ).toMatchInlineSnapshot(`
      [
        "boot-host: boot-host load-modules",
        "prepare-devices: create-vfs bind-driver bind-driver",
        "boot-guests: start-guest await-guest",
        "check-before: observe-guest check-traffic check-traffic check-traffic snapshot snapshot",
        "fault: inject",
        "observe: observe-guest snapshot",
        "check-after: observe-guest check-traffic check-traffic check-traffic snapshot snapshot",
        "heal: heal",
        "collect: collect",
      ]
    `);
  });
  test('the control NICs share no slot, MAC address or network with anything', () => {
    const specs = [variant!.host.spec, ...variant!.guests.map((guest) => guest.spec)];
    const macs = [...specs.map((s) => s.control.mac), ...variant!.devices[0]!.vfs.map((vf) => vf.mac)];
    expect(new Set(macs).size).toBe(macs.length);
    const networks = [...specs.map((s) => s.control.address), '10.0.2.15/24'].map((a) =>
      a.replace(/\.\d+\/24$/, ''),
    );
    expect(new Set(networks).size).toBe(networks.length);
    for (const spec of specs) expect(spec.pci.map((slot) => slot.slot)).not.toContain(spec.control.slot);
  });
  test('is plain data: JSON keeps all of it', () => {
    const plan = planOf(labOf(small));
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
  test('is the same plan every time', () => {
    expect(planOf(labOf(small))).toEqual(planOf(labOf(small)));
  });
});

describe('what the lab says reaches the plan', () => {
  test('the remedy steps surround the fault', () => {
    const lab = labOf(
      `${smallWith('expect: { verdict: reproduced }', 'remedy: r, expect: { verdict: clean, remedy: prevented }')}remedies:
  r:
    title: take it out
    before: [{ unplug: nic0.vf1 }]
    after: [{ plug: nic0.vf1 }, { resetStoppedGuest: vm0 }, { run: { on: host, command: lspci } }]
`,
    );
    const [variant] = planOf(lab).variants;
    const names = variant!.phases.map((phase) => phase.name);
    expect(names.indexOf('remedy-before')).toBe(names.indexOf('fault') - 1);
    expect(variant!.phases.find((phase) => phase.name === 'remedy-after')).toMatchInlineSnapshot(`
      {
        "actions": [
          {
            "do": "plug",
            "function": "nic0.vf1",
            "guest": "vm0",
          },
          {
            "do": "reset-stopped-guest",
            "guest": "vm0",
          },
          {
            "command": "lspci",
            "do": "run",
            "on": "host",
          },
        ],
        "budgetMs": 180000,
        "name": "remedy-after",
        "title": "Remedy: take it out",
      }
    `);
    expect(variant!.remedy).toEqual({ id: 'r', title: 'take it out' });
    expect(variant!.expect).toEqual({ verdict: 'clean', remedy: 'prevented', findings: [] });
  });
  test('faults are injected in order', () => {
    const lab = labOf(
      smallWith(
        '  abort:',
        '  late: { kind: aer, target: nic0.vf0, error: BadTLP, severity: correctable }\n  abort:',
      ).replace('faults: [abort]', 'faults: [abort, late]'),
    );
    const fault = planOf(lab).variants[0]!.phases.find((phase) => phase.name === 'fault');
    expect(fault!.actions).toEqual([
      { do: 'inject', fault: 'abort' },
      { do: 'inject', fault: 'late' },
    ]);
  });
  test('an exception changes what is expected where it applies', () => {
    const lab = labOf(
      smallWith(
        'expect: { verdict: reproduced }',
        "expect: { verdict: reproduced }, exceptions: [{ when: { kernel: '6.1' }, verdict: clean, findings: [pf-recovered] }]",
      ),
    );
    expect(planOf(lab, { kernel: ['all'] }).variants.map((v) => [v.id, v.expect])).toEqual([
      ['6.12+hang', { verdict: 'reproduced', findings: [] }],
      ['6.1+hang', { verdict: 'clean', findings: ['pf-recovered'] }],
    ]);
  });
  test('axes override the host', () => {
    const lab = labOf(`${small}matrix: { cpus: [4], iommu: [virtio], guestKernel: ['6.1'] }\n`);
    const [variant] = planOf(lab).variants;
    expect(variant!.host.spec).toMatchObject({
      cpus: 4,
      iommu: { kind: 'virtio', interruptRemapping: false },
    });
    expect(variant!.host.spec.kernel).toBe('{kernel:6.12}');
    expect(variant!.guests[0]!.spec.kernel).toBe('{kernel:6.1}');
  });
  test("a kernel of the user is the host's alone", () => {
    const customKernel = { path: '/x/bzImage' };
    const result = makePlan(labOf(small), { name: 'x', file: 'x', customKernel });
    if (!result.ok) throw new Error();
    expect(result.plan.customKernel).toEqual(customKernel);
    expect(result.plan.variants[0]).toMatchObject({
      id: 'custom+hang',
      host: { kernel: 'custom', spec: { kernel: '{kernel:custom}' } },
      guests: [{ kernel: '6.12' }],
    });
  });
  test('an nvme lab: its own command line words, driver and traffic', () => {
    const loaded = loadLab(readFileSync(join(folder, 'nvme-vf-aer-hang.yaml'), 'utf8'), 'x');
    if (!loaded.ok) throw new Error();
    const [variant] = planOf(loaded.lab).variants;
    for (const { spec } of [variant!.host, ...variant!.guests])
      expect(spec.cmdline).toContain('nvme_core.multipath=N');
    expect(variant!.host.modules).toEqual(['nvme', 'vfio-pci', '{kvm}', 'aer_inject']);
    expect(variant!.traffic.map(({ kind, from, over }) => `${kind} ${from} ${over}`)).toEqual([
      'block-io host disk0.vf0',
      'block-io vm0 disk0.vf1',
    ]);
  });
});
