import { describe, expect, it } from 'vitest';
import { qemuArgs } from '../../src/machine/args.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import { bareSpec, fullTree, passthroughGuest, passthroughHost } from './specs.ts';

/** One option a line, as in a shell script. */
function lines(args: string[]): string {
  return args.join(' ').replaceAll(/ (?=-)/g, '\n');
}

describe('typical machines', () => {
  it('host of a passthrough lab, TCG', () => {
    expect(lines(qemuArgs(passthroughHost(), { accel: 'tcg' }))).toMatchInlineSnapshot(`
      "-name host
      -nodefaults
      -no-user-config
      -display none
      -machine q35,kernel-irqchip=off
      -accel tcg,thread=multi
      -cpu max,+svm
      -smp 2
      -m 1536M
      -bios qboot.rom
      -kernel /cache/vmlinuz
      -initrd /cache/initrd
      -append console=ttyS0 intel_iommu=on
      -global q35-pcihost.pci-hole64-size=0
      -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
      -chardev socket,id=serial0,fd=3
      -serial chardev:serial0
      -chardev socket,id=qmp,fd=4
      -mon chardev=qmp,mode=control
      -device intel-iommu,intremap=on
      -netdev user,id=control,net=10.0.3.0/24,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.3.15:22
      -device virtio-net-pci,id=control,netdev=control,mac=52:54:00:fe:00:01,bus=pcie.0,addr=1e,romfile=
      -device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=4,x-speed=5
      -netdev user,id=nic0.net,net=10.0.2.0/24,ipv6=off
      -device igb,id=nic0,netdev=nic0.net,bus=rp1,addr=0,romfile="
    `);
  });

  it('guest inside the host, channels on loopback ports', () => {
    const args = qemuArgs(passthroughGuest(), {
      accel: 'kvm',
      serial: { kind: 'tcp', port: 4400 },
      qmp: { kind: 'tcp', port: 4401 },
      paused: true,
      extra: ['-msg', 'timestamp=on'],
    });
    expect(lines(args)).toMatchInlineSnapshot(`
      "-name vm1
      -nodefaults
      -no-user-config
      -display none
      -machine q35
      -accel kvm
      -cpu host
      -smp 1
      -m 256M
      -bios qboot.rom
      -kernel /guest/vmlinuz
      -initrd /guest/initrd
      -append console=ttyS0
      -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
      -chardev socket,id=serial0,host=127.0.0.1,port=4400,server=on,wait=off
      -serial chardev:serial0
      -chardev socket,id=qmp,host=127.0.0.1,port=4401,server=on,wait=off
      -mon chardev=qmp,mode=control
      -netdev user,id=control,net=10.0.4.0/24,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:2201-10.0.4.15:22
      -device virtio-net-pci,id=control,netdev=control,mac=52:54:00:fe:01:00,bus=pcie.0,addr=1e,romfile=
      -device pcie-root-port,id=r0,chassis=1,slot=1,bus=pcie.0,addr=4,x-speed=5
      -device vfio-pci,id=nic0-vf1,host=0000:01:10.2,bus=r0,addr=0,rombar=0
      -S
      -msg timestamp=on"
    `);
  });

  it('a tree with a switch, a bridge, SR-IOV nvme and a slot of two functions', () => {
    const args = lines(qemuArgs(fullTree(), { accel: 'tcg' }));
    expect(args.slice(args.indexOf('-device pcie-root-port'))).toMatchInlineSnapshot(`
      "-device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=3,x-speed=16
      -device x3130-upstream,id=sw,bus=rp1,addr=0
      -device xio3130-downstream,id=leg0,chassis=2,slot=2,bus=sw,addr=0
      -device nvme-subsys,id=nv0.subsys
      -device nvme,id=nv0,serial=vflab,subsys=nv0.subsys,bus=leg0,addr=0,sriov_max_vfs=2,sriov_vq_flexible=6,sriov_vi_flexible=6,sriov_max_vq_per_vf=3,sriov_max_vi_per_vf=3,max_ioqpairs=10,msix_qsize=12
      -add-fd fd=5,set=5
      -blockdev driver=file,node-name=nv0.file,filename=/dev/fdset/5
      -blockdev driver=raw,node-name=nv0.disk,file=nv0.file
      -device nvme-ns,id=nv0.ns1,drive=nv0.disk,bus=nv0,nsid=1,shared=on
      -device xio3130-downstream,id=leg1,chassis=3,slot=3,bus=sw,addr=1
      -device pci-bridge,id=br0,chassis_nr=4,bus=pcie.0,addr=4
      -add-fd fd=6,set=6
      -blockdev driver=file,node-name=vd0.file,filename=/dev/fdset/6
      -blockdev driver=raw,node-name=vd0.disk,file=vd0.file
      -device virtio-blk-pci,id=vd0,drive=vd0.disk,num-queues=1,bus=br0,addr=1
      -add-fd fd=7,set=7
      -blockdev driver=file,node-name=vd1.file,filename=/dev/fdset/7
      -blockdev driver=raw,node-name=vd1.disk,file=vd1.file
      -device virtio-blk-pci,id=vd1,drive=vd1.disk,num-queues=2,bus=br0,addr=1f
      -netdev user,id=nic1.net,net=10.0.5.0/24,ipv6=off
      -device virtio-net-pci,id=nic1,netdev=nic1.net,mac=52:54:00:00:00:05,bus=pcie.0,addr=5,multifunction=on,romfile=
      -add-fd fd=8,set=8
      -blockdev driver=file,node-name=vd2.file,filename=/dev/fdset/8
      -blockdev driver=raw,node-name=vd2.disk,file=vd2.file
      -device virtio-blk-pci,id=vd2,drive=vd2.disk,num-queues=1,bus=pcie.0,addr=5.1
      -device nvme-subsys,id=nv1.subsys
      -device nvme,id=nv1,serial=plain,subsys=nv1.subsys,bus=pcie.0,addr=6
      -add-fd fd=9,set=9
      -blockdev driver=file,node-name=nv1.file,filename=/dev/fdset/9
      -blockdev driver=raw,node-name=nv1.disk,file=nv1.file
      -device nvme-ns,id=nv1.ns1,drive=nv1.disk,bus=nv1,nsid=1,shared=on"
    `);
  });
});

describe('IOMMU', () => {
  const machineAndIommu = (iommu: MachineSpec['iommu'], accel: 'tcg' | 'kvm' = 'tcg') => {
    const args = qemuArgs(bareSpec(iommu ? { iommu } : {}), { accel });
    return [
      args[args.indexOf('-machine') + 1],
      ...args.filter((arg) => /^(intel|amd|virtio)-iommu/.test(arg)),
    ];
  };

  it.each([
    [undefined, 'tcg', ['q35']],
    [
      { kind: 'intel', interruptRemapping: true },
      'tcg',
      ['q35,kernel-irqchip=off', 'intel-iommu,intremap=on'],
    ],
    [
      { kind: 'intel', interruptRemapping: true },
      'kvm',
      ['q35,kernel-irqchip=split', 'intel-iommu,intremap=on'],
    ],
    [{ kind: 'intel', interruptRemapping: false }, 'kvm', ['q35', 'intel-iommu,intremap=off']],
    [
      { kind: 'intel', interruptRemapping: false, cachingMode: true },
      'tcg',
      ['q35', 'intel-iommu,intremap=off,caching-mode=on'],
    ],
    [{ kind: 'amd', interruptRemapping: true }, 'tcg', ['q35,kernel-irqchip=off', 'amd-iommu,intremap=on']],
    [
      { kind: 'virtio', interruptRemapping: false },
      'tcg',
      ['q35', 'virtio-iommu-pci,id=iommu0,bus=pcie.0,addr=1d'],
    ],
    [
      { kind: 'virtio', interruptRemapping: false, slot: 2 },
      'tcg',
      ['q35', 'virtio-iommu-pci,id=iommu0,bus=pcie.0,addr=2'],
    ],
  ] as const)('%j under %s', (iommu, accel, expected) => {
    expect(machineAndIommu(iommu, accel)).toEqual(expected);
  });
});

describe('CPU and accelerator', () => {
  const cpu = (change: Partial<MachineSpec>, accel: 'tcg' | 'kvm') => {
    const args = qemuArgs(bareSpec(change), { accel });
    return [args[args.indexOf('-accel') + 1], args[args.indexOf('-cpu') + 1]];
  };

  it('a gdb stub: on the descriptor after QMP, and the disks behind it', () => {
    const args = qemuArgs({ ...fullTree(), gdbStub: true }, { accel: 'tcg' }).join(' ');
    expect(args).toContain('-chardev socket,id=gdb,fd=5 -gdb chardev:gdb');
    expect(args.match(/fdset\/\d+/g)).toEqual(['fdset/6', 'fdset/7', 'fdset/8', 'fdset/9', 'fdset/10']);
    expect(qemuArgs(fullTree(), { accel: 'tcg' }).join(' ')).not.toContain('gdb');
  });

  it('nested needs SVM, which only TCG has to be asked for', () => {
    expect(cpu({ nested: true }, 'tcg')).toEqual(['tcg,thread=multi', 'max,+svm']);
    expect(cpu({ nested: false }, 'tcg')).toEqual(['tcg,thread=multi', 'max,-svm']);
    expect(cpu({ nested: true }, 'kvm')).toEqual(['kvm', 'host']);
  });

  it('one thread only with one CPU, or if the quirk is wanted', () => {
    expect(cpu({ cpus: 1 }, 'tcg')[0]).toBe('tcg,thread=single');
    expect(cpu({ cpus: 2, quirks: ['tcg-single-thread-nested-hang'] }, 'tcg')[0]).toBe('tcg,thread=single');
  });
});

describe('small print', () => {
  it('a comma in a path is doubled', () => {
    const args = qemuArgs(
      bareSpec({ pci: [{ slot: 3, kind: 'virtio-blk', id: 'd', sizeMiB: 1, queues: 1 }] }),
      {
        accel: 'tcg',
        qmp: { kind: 'unix', path: '/run/a,b' },
        disks: { d: { kind: 'file', path: '/disk,1' } },
      },
    );
    expect(args).toContain('socket,id=qmp,path=/run/a,,b,server=on,wait=off');
    expect(args).toContain('driver=file,node-name=d.file,filename=/disk,,1');
  });

  it('QMP on the standard streams', () => {
    expect(qemuArgs(bareSpec(), { accel: 'tcg', qmp: { kind: 'stdio' } })).toContain(
      'stdio,id=qmp,signal=off',
    );
  });

  it('the network of an address that does not end at a byte', () => {
    const { control } = bareSpec();
    const args = qemuArgs(bareSpec({ control: { ...control, address: '10.0.3.77/26' } }), { accel: 'tcg' });
    expect(args.join(' ')).toContain('net=10.0.3.64/26,');
  });

  it('no kernel: neither initrd nor command line', () => {
    const args = qemuArgs(bareSpec({ initrd: '/x', cmdline: ['quiet'] }), { accel: 'tcg' });
    expect(args.filter((arg) => ['-kernel', '-initrd', '-append'].includes(arg))).toEqual([]);
  });

  it('without kernel parameters no empty -append', () => {
    expect(qemuArgs(bareSpec({ kernel: '/k' }), { accel: 'tcg' })).not.toContain('-append');
  });

  it('260 disks on two bridges, eight functions a slot', () => {
    const bridge = (number: number, count: number) => ({
      slot: 3 + number,
      kind: 'pci-bridge' as const,
      id: `br${number}`,
      chassis: 1 + number,
      devices: Array.from({ length: count }, (_, i) => ({
        slot: 1 + Math.floor(i / 8),
        function: i % 8,
        kind: 'virtio-blk' as const,
        id: `d${number}-${i}`,
        sizeMiB: 1,
        queues: 1,
      })),
    });
    const args = qemuArgs(bareSpec({ pci: [bridge(0, 248), bridge(1, 12)] }), { accel: 'tcg' });
    expect(args.filter((arg) => arg.startsWith('virtio-blk-pci'))).toHaveLength(260);
    expect(args).toContain(
      'virtio-blk-pci,id=d0-0,drive=d0-0.disk,num-queues=1,bus=br0,addr=1,multifunction=on',
    );
    expect(args).toContain('virtio-blk-pci,id=d1-9,drive=d1-9.disk,num-queues=1,bus=br1,addr=2.1');
    expect(args).toContain('fd=264,set=264');
  });
});

describe('trace', () => {
  const traced = (trace: string[]) => lines(qemuArgs(bareSpec({ trace }), { accel: 'tcg' }));
  it('QEMU writes it into the descriptor after the disks, with thread and time', () => {
    const disk = { slot: 4, kind: 'virtio-blk', id: 'd0', sizeMiB: 1, queues: 1 } as const;
    const args = lines(
      qemuArgs(bareSpec({ trace: ['apic_deliver_irq', 'msix_*'], pci: [disk] }), { accel: 'tcg' }),
    );
    expect(args).toContain('\n-trace apic_deliver_irq\n-trace msix_*\n-D /dev/fd/6\n-msg timestamp=on');
  });
  it('is off unless asked for', () => {
    expect(traced([])).not.toContain('-trace');
    expect(traced([])).not.toContain('timestamp');
  });
  it('takes names of events, and no other option of -trace', () => {
    expect(() => traced(['file=/etc/passwd'])).toThrow(
      /"file=\/etc\/passwd" is not the name of a trace event/,
    );
  });
});
