/** Images of every kernel really boot, and hold what labs need. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { controlParameters } from '../../src/guest/command-line.ts';
import { generateSshKey } from '../../src/guest/key.ts';
import { SshConnection } from '../../src/guest/ssh.ts';
import { resolvePackages } from '../../src/images/apt.ts';
import { type BuildContext, cacheDirectory } from '../../src/images/cache.ts';
import { buildGuestImage, buildHostImage, guestPaths, type Image } from '../../src/images/image.ts';
import type { Kernel } from '../../src/images/kernel.ts';
import { kernelNames } from '../../src/images/kernel-names.ts';
import { resolveKernel } from '../../src/images/kernels.ts';
import { startMachine } from '../../src/machine/machine.ts';
import { recordToMemory } from '../../src/machine/record.ts';
import { bareSpec } from '../machine/specs.ts';

const context: BuildContext = { cache: cacheDirectory(), onProgress: () => {} };
// What Debian develops on changes from day to day: that is for the night to find.
const names = Object.keys(kernelNames).filter((name) => name !== 'newest' || process.env.VFLAB_NIGHTLY);

async function boot(kernel: Kernel, image: Image, { nested = false, mac = '' } = {}) {
  const key = generateSshKey();
  const bare = bareSpec({
    name: 'host',
    cpus: 1,
    memoryMiB: 1536,
    nested,
    kernel: kernel.image,
    initrd: image.initrd,
  });
  // One CPU and no timer check: what is tested is the image, not the emulator.
  const cmdline = [
    'console=ttyS0',
    'quiet',
    'loglevel=4',
    'no_timer_check',
    ...controlParameters(bare, key.publicBlob),
  ];
  if (mac !== '') cmdline.push(`vflab.mac=${mac}`);
  const machine = await startMachine({ ...bare, cmdline }, { accel: 'tcg', record: recordToMemory() });
  onTestFinished(async () => {
    await machine.stop();
  });
  const { text: line } = await machine.serial.waitForLine(/^vflab-(ready|boot-failed: .*)$/);
  const log = async () => {
    const target = {
      machine: 'host',
      privateKey: key.privateKey,
      keepaliveIntervalMs: 1000,
      keepaliveCountMax: 30,
      open: async () => {
        const socket = connect(machine.sshPort, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
    };
    return SshConnection.connect(target, AbortSignal.timeout(60_000));
  };
  return { machine, line, logIn: log };
}

/** Runs lines in the machine; returns those that failed, with what they said. */
async function failures(ssh: SshConnection, commands: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await ssh.exec(command, AbortSignal.timeout(60_000));
    if (exitCode !== 0) failed.push(`${command} → ${exitCode}: ${stdout}${stderr}`);
  }
  return failed;
}

const both = [
  'test -e /sys/kernel/tracing/events/enable && test -d /sys/kernel/debug/tracing',
  'grep -q " /tmp tmpfs" /proc/mounts && test -c /dev/ptmx && mount | grep -q devpts',
  'lspci -vvv | grep -q "Host bridge\\|00:00.0"',
  'setpci -s 00:00.0 VENDOR_ID | grep -qx 8086',
  'test "$(readlink -f "$(command -v modprobe)")" = /usr/bin/kmod',
  'modprobe nvme && modprobe -r nvme && modprobe igbvf && grep -q "^igbvf " /proc/modules',
  'test "$(cat /proc/sys/kernel/printk | cut -c1)" = 8',
  // PID 1 reaps what nobody waits for.
  '(sleep 0.1 & exec true); sleep 0.5; ! ps -o stat,comm | grep -q "^Z"',
];

const hostOnly = [
  'test -c /dev/kvm',
  'qemu-system-x86_64 --version',
  'qemu-system-x86_64 -machine q35 -accel kvm -cpu host -nodefaults -display none -device help | grep -q vfio-pci',
  'for f in qboot.rom linuxboot_dma.bin pvh.bin; do test -s /usr/share/qemu/$f || exit 1; done',
  `test -s ${guestPaths.kernel} && test -s ${guestPaths.initrd}`,
  'modprobe -a igb e1000 e1000e virtio_blk virtio_scsi virtio_console uhci-hcd ahci',
  'modprobe -a vfio vfio-pci vfio_iommu_type1 aer_inject && test -c /dev/aer_inject && test -c /dev/vfio/vfio',
  'nvme version && ip -V && ping -V && ss -V && tc -V',
  'irqbalance --oneshot',
];

describe.each(names)('kernel %s', (name) => {
  test('the host boots, answers on all ways, and has its tools', async () => {
    const kernel = await resolveKernel(context, name);
    const image = await buildHostImage(context, { kernel, guestKernel: kernel });
    const { machine, line, logIn } = await boot(kernel, image, { nested: true });
    expect(line).toBe('vflab-ready');
    machine.serial.write('ping 7f3a\n');
    await machine.serial.waitForLine(/^vflab-pong 7f3a$/);
    const ssh = await logIn();
    const uname = await ssh.exec('uname -r; hostname', AbortSignal.timeout(60_000));
    expect(uname.stdout).toBe(`${kernel.release}\nhost\n`);
    expect(await failures(ssh, [...both, ...hostOnly])).toEqual([]);
    // The check itself can fail.
    expect(await failures(ssh, ['false', 'modprobe nonesuch'])).toHaveLength(2);
  });

  test('the guest boots and has its tools', async () => {
    const kernel = await resolveKernel(context, name);
    const { line, logIn } = await boot(kernel, await buildGuestImage(context, { kernel }));
    expect(line).toBe('vflab-ready');
    const ssh = await logIn();
    expect(await failures(ssh, both)).toEqual([]);
  });
});

test('a host without guests has all but what runs them, and is not a third as big', async () => {
  const kernel = await resolveKernel(context, names[0] ?? '');
  const whole = await buildHostImage(context, { kernel, guestKernel: kernel });
  const image = await buildHostImage(context, { kernel });
  expect(image.manifest.initrdBytes).toBeLessThan(whole.manifest.initrdBytes / 3);
  const { line, logIn } = await boot(kernel, image);
  expect(line).toBe('vflab-ready');
  const ofGuests = /kvm|qemu|guest/;
  const ssh = await logIn();
  const tools = [...both, ...hostOnly].filter((check) => !ofGuests.test(check));
  expect(tools.length).toBeGreaterThan(8);
  expect(await failures(ssh, tools)).toEqual([]);
  expect(await failures(ssh, ['qemu-system-x86_64 --version', 'test -e /dev/kvm'])).toHaveLength(2);
});

test('a machine whose control NIC is not there says so on its console', async () => {
  const kernel = await resolveKernel(context, names[0] ?? '');
  const image = await buildGuestImage(context, { kernel });
  const { line } = await boot(kernel, image, { mac: '52:54:00:00:00:99' });
  expect(line).toMatch(/^vflab-boot-failed: network: no NIC with address 52:54:00:00:00:99/);
});

test('what is in the cache is found without work', async () => {
  const told: string[] = [];
  const quick = { ...context, onProgress: (text: string) => void told.push(text) };
  const kernel = await resolveKernel(quick, names[0] ?? '');
  await buildHostImage(quick, { kernel, guestKernel: kernel });
  expect(told).toEqual([]);
});

test('a user’s own bzImage with its modules', async () => {
  const stock = await resolveKernel(context, names[0] ?? '');
  const own = await resolveKernel(context, { image: stock.bzImage });
  expect(own).toMatchObject({ name: 'custom', release: stock.release, modulesDir: stock.modulesDir });
  const { line } = await boot(own, await buildGuestImage(context, { kernel: own }));
  expect(line).toBe('vflab-ready');
  await expect(resolveKernel(context, { image: stock.bzImage, modules: '/nowhere' })).rejects.toMatchObject({
    code: 'MODULES_NOT_FOUND',
  });
  // As in a package that has the lists of its modules apart.
  const modules = mkdtempSync(join(tmpdir(), 'vflab-modules-'));
  onTestFinished(() => rmSync(modules, { recursive: true }));
  for (const name of ['modules.dep', 'modules.order']) writeFileSync(join(modules, name), '');
  await expect(resolveKernel(context, { image: stock.bzImage, modules })).rejects.toMatchObject({
    code: 'MODULES_NOT_FOUND',
    message: `${modules} has modules, but no modules.builtin.`,
  });
  await expect(resolveKernel(context, { image: '/etc/passwd' })).rejects.toMatchObject({
    code: 'KERNEL_NOT_FOUND',
  });
});

test('a package or a kernel that does not exist', async () => {
  await expect(resolvePackages(context, 'trixie', ['no-such-package-at-all'])).rejects.toMatchObject({
    code: 'PACKAGE_NOT_FOUND',
    message: expect.stringContaining('no-such-package-at-all'),
  });
  await expect(resolveKernel(context, '9.99')).rejects.toMatchObject({ code: 'UNKNOWN_KERNEL' });
});
