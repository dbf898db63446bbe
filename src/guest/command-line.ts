/** How the host's and a guest's QEMU are called: pure, so that `--dry-run` prints just what a run executes. */
import { UsageError } from '../errors.ts';
import { qemuArgs } from '../machine/args.ts';
import { defaultQemu } from '../machine/qemu-version.ts';
import type { MachineSpec } from '../machine/spec.ts';

/** Loopback ports of the host that lead to a guest's console and QMP, by the guest's number. */
export function guestPorts(index: number): { serial: number; qmp: number } {
  const first = 4400 + 2 * index;
  return { serial: first, qmp: first + 1 };
}

/** QEMU in the host, program first. It starts paused: nothing is said before somebody listens. */
export function guestCommand(spec: MachineSpec, index: number): string[] {
  if (spec.gdbStub)
    throw new UsageError(`machine ${spec.name}: no gdb stub for a guest`, { code: 'BAD_MACHINE' });
  const ports = guestPorts(index);
  const args = qemuArgs(spec, {
    // The host has KVM for its guests, emulated or not.
    accel: 'kvm',
    serial: { kind: 'tcp', port: ports.serial },
    qmp: { kind: 'tcp', port: ports.qmp },
    paused: true,
    extra: ['-msg', 'timestamp=on'],
  });
  return [defaultQemu, ...args];
}

/** What the init of our images reads from the kernel command line (images/files/boot). */
export function controlParameters(spec: MachineSpec, sshPublicBlob: string): string[] {
  return [
    `vflab.name=${spec.name}`,
    `vflab.mac=${spec.control.mac}`,
    `vflab.addr=${spec.control.address}`,
    `vflab.key=${sshPublicBlob}`,
  ];
}
