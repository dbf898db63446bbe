/** What a machine spec may not be. Found here, with words, rather than by QEMU or by a guest that sees nothing. */
import { UsageError } from '../errors.ts';
import { quirkIds } from './quirk.ts';
import type { MachineSpec, PciDevice, PciPlace } from './spec.ts';
import { allDevices, allPorts, functionOf, isPort, type PciNode } from './topology.ts';

/** amd-iommu's PCI function takes the first free slot of the root bus; it comes first, so that is slot 1. */
export const amdIommuSlot = 1;
export const virtioIommuDefaultSlot = 0x1d;

/** @throws {UsageError} `BAD_MACHINE`, naming machine and device. */
export function validateSpec(spec: MachineSpec): void {
  const fail = (what: string): never => {
    throw new UsageError(`machine ${spec.name}: ${what}`, { code: 'BAD_MACHINE' });
  };
  const inRange = (what: string, value: number, min: number, max: number) => {
    if (!Number.isInteger(value) || value < min || value > max)
      fail(`${what} is ${value}, not ${min}..${max}`);
  };

  if (!/^[\w.-]+$/.test(spec.name)) fail(`the name may hold letters, digits, "_", "-" and "." only`);
  inRange('number of CPUs', spec.cpus, 1, 255);
  inRange('memory in MiB', spec.memoryMiB, 16, 1 << 20);
  inRange('number of NUMA nodes', spec.numaNodes ?? 1, 1, Math.min(spec.cpus, 8));
  for (const id of spec.quirks) {
    if (!(quirkIds as readonly string[]).includes(id)) fail(`no quirk is called "${id}"`);
  }
  if (spec.iommu?.kind === 'virtio' && spec.iommu.interruptRemapping) {
    fail('virtio-iommu cannot remap interrupts: use intel or amd, or interruptRemapping: false');
  }
  if (spec.iommu?.cachingMode && spec.iommu.kind !== 'intel') fail('cachingMode exists for intel only');

  if (spec.deterministic) {
    inRange('seed', spec.deterministic.seed, 0, 2 ** 32 - 1);
    inRange('icount shift', spec.deterministic.shift, 0, 10);
  }
  // The kernel cuts the rest off, silently (arch/x86/include/asm/setup.h, COMMAND_LINE_SIZE).
  const words = spec.cmdline.join(' ');
  if (words.length > 2047) fail(`the kernel command line has ${words.length} characters; 2047 are its most`);

  for (const event of spec.trace ?? []) {
    if (!/^[a-z][a-z0-9_]*\*?$/.test(event)) fail(`"${event}" is not the name of a trace event`);
  }

  checkRootBus(spec, fail, inRange);
  checkTree(spec, fail, inRange);
  checkControl(spec, fail, inRange);
  for (const device of allDevices(spec)) checkDevice(device, fail, inRange);
}

type Fail = (what: string) => never;
type InRange = (what: string, value: number, min: number, max: number) => void;

/** Slot 0 holds q35's host bridge, slot 31 the ICH9 (hw/i386/pc_q35.c, pc_q35_init()). */
function checkRootBus(spec: MachineSpec, fail: Fail, inRange: InRange): void {
  const taken = new Map<string, string>([[`${spec.control.slot}.0`, 'the control NIC']]);
  if (spec.iommu?.kind === 'amd') taken.set(`${amdIommuSlot}.0`, 'amd-iommu');
  if (spec.iommu?.kind === 'virtio')
    taken.set(`${spec.iommu.slot ?? virtioIommuDefaultSlot}.0`, 'virtio-iommu');
  const expected = 1 + (spec.iommu && spec.iommu.kind !== 'intel' ? 1 : 0);
  if (taken.size < expected)
    fail(`control NIC and ${spec.iommu?.kind}-iommu are both in slot ${spec.control.slot}`);
  checkBus('the root bus', spec.pci, { min: 1, max: 30 }, taken, fail, inRange);
}

/** One thing a place, and function 0 wherever there is another. `taken` are the places that are gone already. */
function checkBus(
  bus: string,
  entries: readonly (PciPlace & { id: string })[],
  slots: { min: number; max: number },
  taken: Map<string, string>,
  fail: Fail,
  inRange: InRange,
): void {
  for (const entry of entries) {
    inRange(`slot of "${entry.id}" on ${bus}`, entry.slot, slots.min, slots.max);
    inRange(`function of "${entry.id}"`, functionOf(entry), 0, 7);
    const place = `${entry.slot}.${functionOf(entry)}`;
    const holder = taken.get(place);
    if (holder) fail(`"${entry.id}" cannot be in slot ${place} of ${bus}: ${holder} is there`);
    taken.set(place, `"${entry.id}"`);
  }
  for (const entry of entries) {
    if (functionOf(entry) > 0 && !taken.has(`${entry.slot}.0`)) {
      fail(
        `"${entry.id}" is function ${entry.function} of slot ${entry.slot}, which has no function 0: unseen`,
      );
    }
  }
}

function checkTree(spec: MachineSpec, fail: Fail, inRange: InRange): void {
  const ids = new Set<string>();
  const chassis = new Map<number, string>();
  for (const { id } of [...allPorts(spec), ...allDevices(spec)]) {
    if (!/^[A-Za-z][\w.-]*$/.test(id))
      fail(`"${id}" is no id: a letter, then letters, digits, "_", "-", "."`);
    if (ids.has(id)) fail(`the id "${id}" is used twice`);
    ids.add(id);
  }
  for (const port of allPorts(spec)) {
    if (port.kind === 'switch') continue;
    inRange(`chassis of "${port.id}"`, port.chassis, 1, 255);
    const other = chassis.get(port.chassis);
    if (other) fail(`"${port.id}" and "${other}" have the same chassis ${port.chassis}`);
    chassis.set(port.chassis, port.id);
  }
  for (const entry of spec.pci) checkPlace(entry, 'root', fail, inRange);
}

function checkPlace(node: PciNode, below: 'root' | 'port', fail: Fail, inRange: InRange): void {
  if (!isPort(node)) return;
  if (node.kind === 'root-port') {
    if (below !== 'root') fail(`root port "${node.id}" must be on the root bus`);
    if (node.child) checkPlace(node.child, 'port', fail, inRange);
    return;
  }
  if (node.kind === 'switch') {
    if (below === 'root') fail(`switch "${node.id}" must be below a root port or a switch`);
    checkBus(`"${node.id}"`, node.downstream, { min: 0, max: 31 }, new Map(), fail, inRange);
    for (const leg of node.downstream) if (leg.child) checkPlace(leg.child, 'port', fail, inRange);
    return;
  }
  if (below !== 'root') fail(`pci-bridge "${node.id}" must be on the root bus`);
  // Slot 0 is the hot-plug controller's where the bridge has one (hw/pci-bridge/pci_bridge_dev.c, shpc).
  checkBus(`"${node.id}"`, node.devices, { min: 1, max: 31 }, new Map(), fail, inRange);
}

const cidr = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;
const mac = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

function checkControl({ control }: MachineSpec, fail: Fail, inRange: InRange): void {
  inRange('slot of the control NIC', control.slot, 1, 30);
  inRange('port of the control NIC', control.hostPort, 0, 65535);
  if (!mac.test(control.mac)) fail(`"${control.mac}" is no MAC address`);
  if (!cidr.test(control.address)) fail(`control address "${control.address}" is not like 10.0.9.15/24`);
}

function checkDevice(device: PciDevice, fail: Fail, inRange: InRange): void {
  if (device.kind === 'igb' || device.kind === 'virtio-net' || device.kind === 'e1000') {
    if (!cidr.test(device.network))
      fail(`network "${device.network}" of "${device.id}" is not like 10.0.2.0/24`);
    if (device.mac !== undefined && !mac.test(device.mac)) fail(`"${device.mac}" is no MAC address`);
  }
  if (device.kind === 'nvme') {
    // NVME_MAX_VFS in hw/nvme/nvme.h: 127 in the oldest QEMU that we take, 256 later.
    inRange(`maxVfs of "${device.id}"`, device.maxVfs, 0, 127);
    if (!/^[\w-]{1,20}$/.test(device.serial))
      fail(`serial "${device.serial}" of "${device.id}" is not 1..20 letters`);
  }
  if (device.kind === 'nvme' || device.kind === 'virtio-blk') {
    inRange(`sizeMiB of "${device.id}"`, device.sizeMiB, 1, 1 << 24);
  }
  // VIRTIO_QUEUE_MAX in include/hw/virtio/virtio.h
  if (device.kind === 'virtio-blk' || device.kind === 'null-disk')
    inRange(`queues of "${device.id}"`, device.queues, 1, 1024);
  // A plan's spec still has a placeholder, e.g. {bdf:nic0.vf1}: the address is known once the host runs.
  if (
    device.kind === 'vfio-pci' &&
    !/^\{[\w:.-]+\}$|^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(device.host)
  ) {
    fail(`"${device.host}" of "${device.id}" is not a PCI address like 0000:01:10.2`);
  }
}
