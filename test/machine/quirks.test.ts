import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { qemuArgs } from '../../src/machine/args.ts';
import { quirkIds } from '../../src/machine/quirk.ts';
import { ioapicIsDeaf } from '../../src/machine/quirk-checks.ts';
import { quirkInStderr, quirks, quirksAvoided } from '../../src/machine/quirks.ts';
import { bareSpec, passthroughGuest, passthroughHost } from './specs.ts';

it.each([
  ['tcg-stale-breakpoint', '[    3.253711] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI'],
  ['tcg-stale-breakpoint', '[    3.253711] int3: 0000 [#1] PREEMPT SMP NOPTI'],
  [
    'tcg-lost-timer',
    "[   31.173455] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g581 f0x0 RCU_GP_WAIT_FQS(5)",
  ],
])('%s is known on the console: %s', (id, line) => {
  expect(quirks.filter(({ console }) => console?.line.test(line)).map((quirk) => quirk.id)).toEqual([id]);
});

it('an ordinary panic or stall is no quirk', () => {
  const lines = [
    '[    3.258897] Kernel panic - not syncing: Fatal exception in interrupt',
    '[   31.158976] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
    '[    1.0] Oops: 0000 [#1] PREEMPT SMP',
  ];
  expect(quirks.filter(({ console }) => lines.some((line) => console?.line.test(line)))).toEqual([]);
});

it.each([
  ['malloc(): unsorted double linked list corrupted', 'heap-corrupted'],
  ['double free or corruption (!prev)', 'heap-corrupted'],
  ['corrupted size vs. prev_size', 'heap-corrupted'],
  ['qemu-system-x86_64: cannot allocate memory', undefined],
])('QEMU that says "%s": %s', (line, quirk) => expect(quirkInStderr([line])?.id).toBe(quirk));

describe('quirk table', () => {
  // Pure rooms name a quirk as a string: they may not import this table.
  it('has every id that another room names', () => {
    const named = globSync('src/{evidence,verdict}/**/*.ts').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/quirk:? '?([a-z0-9]+(?:-[a-z0-9]+)+)/g)].map(
        (match) => match[1],
      ),
    );
    expect(named).toEqual(expect.arrayContaining(['tcg-iotlb-assertion', 'tcg-stale-breakpoint']));
    expect(named.filter((id) => !(quirkIds as readonly string[]).includes(id!))).toEqual([]);
  });

  it('has every id once', () => {
    expect(quirks.map(({ id }) => id).toSorted()).toEqual([...quirkIds].toSorted());
  });

  it('applies what the machine needs and nothing else', () => {
    expect(quirksAvoided(passthroughHost(), 'tcg')).toEqual([
      'vf-bar-address',
      'root-port-link-active',
      'acpi-hotplug-hides-slot',
      'tcg-single-thread-nested-hang',
      'iommu-remapping-needs-split-irqchip',
    ]);
    expect(quirksAvoided(passthroughGuest(), 'kvm')).toEqual([
      'root-port-link-active',
      'acpi-hotplug-hides-slot',
    ]);
    expect(quirksAvoided(bareSpec({ cpus: 1 }), 'tcg')).toEqual([]);
  });

  it('nvme has VFs only if it has some', () => {
    const nvme = (maxVfs: number) =>
      bareSpec({ pci: [{ slot: 4, kind: 'nvme', id: 'n', serial: 's', maxVfs, sizeMiB: 1 }] });
    expect(quirksAvoided(nvme(0), 'kvm')).toEqual([]);
    expect(quirksAvoided(nvme(1), 'kvm')).toEqual(['vf-bar-address']);
  });

  it.each([
    ['vf-bar-address', 'q35-pcihost.pci-hole64-size=0'],
    ['acpi-hotplug-hides-slot', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
    ['root-port-link-active', 'x-speed=5'],
    ['tcg-single-thread-nested-hang', 'thread=multi'],
    ['iommu-remapping-needs-split-irqchip', 'kernel-irqchip=off'],
  ])('%s can be left in on purpose', (id, workaround) => {
    const build = (quirkList: string[]) =>
      qemuArgs({ ...passthroughHost(), quirks: quirkList }, { accel: 'tcg' }).join(' ');
    expect(build([])).toContain(workaround);
    expect(build([id])).not.toContain(workaround);
    expect(quirksAvoided({ ...passthroughHost(), quirks: [id] }, 'tcg')).not.toContain(id);
  });

  it('a speed that the spec asks for is not a quirk', () => {
    const spec = bareSpec({ pci: [{ slot: 4, kind: 'root-port', id: 'p', chassis: 1, linkSpeed: '16' }] });
    expect(quirksAvoided(spec, 'kvm')).toEqual([]);
    expect(qemuArgs(spec, { accel: 'kvm' }).join(' ')).toContain('x-speed=16');
  });

  it.each([
    [
      "qemu-system-x86_64: ../../system/physmem.c:729: iotlb_to_section: Assertion `section_index < d->map.sections_nb' failed.",
      'tcg-iotlb-assertion',
    ],
    ['KVM internal error. Suberror: 1', 'kvm-opens-but-runs-nothing'],
    ['qemu-system-x86_64: error: failed to set MSR 0x10a to 0x0', 'kvm-opens-but-runs-nothing'],
    ['qemu-system-x86_64: terminating on signal 15', undefined],
  ])('recognises in stderr: %s', (line, id) => {
    expect(quirkInStderr(['first', line, 'last'])?.id).toBe(id);
  });
});

describe('amd-iommu-deaf-ioapic', () => {
  // `info mtree` of QEMU 10.0.2, shortened; the second is what a fixed one says.
  const tree = (end: string) => `address-space: amd_iommu_devfn_248
  0000000000000000-ffffffffffffffff (prio 0, i/o): amdvi_root
    0000000000000000-ffffffffffffffff (prio 0, i/o): alias amdvi-sys @amdvi-sys 0000000000000000-ffffffffffffffff

address-space: amd_iommu_devfn_160
  0000000000000000-ffffffffffffffff (prio 0, i/o): amdvi_root
    0000000000000000-${end} (prio 0, i/o): alias amdvi-sys @amdvi-sys 0000000000000000-${end}
`;

  it('is told from the memory tree', () => {
    expect(ioapicIsDeaf(tree('0000000000000000'))).toBe(true);
    expect(ioapicIsDeaf(tree('ffffffffffffffff'))).toBe(false);
    expect(ioapicIsDeaf('')).toBe(false);
  });
});
