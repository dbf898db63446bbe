/** The PCI tree of a spec as `-device` arguments, parents first. */
import { type DiskBacking, escapeComma } from './channels.ts';
import type { QuirkId } from './quirk.ts';
import type { MachineSpec, PciDevice, PciPlace, PciPort } from './spec.ts';
import { functionOf, isPort, type PciNode } from './topology.ts';

export interface PciContext {
  avoided: readonly QuirkId[];
  disks: Record<string, DiskBacking>;
}

/** Where a device sits: QEMU's bus name, and `addr` (hexadecimal `slot[.function]`). */
interface Place {
  bus: string;
  slot: number;
  function?: number;
  /** Function 0 of a slot that has more functions. */
  multifunction?: boolean;
}

export function pciArgs(spec: MachineSpec, context: PciContext): string[] {
  return busArgs('pcie.0', spec.pci, context);
}

/**
 * All that is on one bus. A guest looks for further functions of a slot only if function 0's header says
 * multi-function, and QEMU wants that said on function 0 (hw/pci/pci.c, pci_init_multifunction()), which so
 * comes first.
 */
function busArgs(bus: string, entries: readonly (PciPlace & PciNode)[], context: PciContext): string[] {
  const shared = new Set(entries.filter((entry) => functionOf(entry) > 0).map((entry) => entry.slot));
  return entries
    .toSorted((a, b) => (a.slot === b.slot ? functionOf(a) - functionOf(b) : 0))
    .flatMap((entry) => {
      const fn = functionOf(entry);
      const place = {
        bus,
        slot: entry.slot,
        function: fn,
        multifunction: fn === 0 && shared.has(entry.slot),
      };
      return nodeArgs(entry, place, context);
    });
}

function nodeArgs(node: PciNode, place: Place, context: PciContext): string[] {
  return isPort(node) ? portArgs(node, place, context) : deviceArgs(node, place, context);
}

function portArgs(port: PciPort, place: Place, context: PciContext): string[] {
  const at = placeProps(place);
  if (port.kind === 'root-port') {
    const speed = port.linkSpeed ?? (context.avoided.includes('root-port-link-active') ? '5' : undefined);
    return [
      '-device',
      // chassis and slot together must be unique (hw/pci/pcie_port.c, pcie_chassis_add_slot()).
      `pcie-root-port,id=${port.id},chassis=${port.chassis},slot=${port.chassis},${at}${speed ? `,x-speed=${speed}` : ''}`,
      ...(port.child ? nodeArgs(port.child, { bus: port.id, slot: 0 }, context) : []),
    ];
  }
  if (port.kind === 'pci-bridge') {
    return [
      '-device',
      `pci-bridge,id=${port.id},chassis_nr=${port.chassis},${at}`,
      ...busArgs(port.id, port.devices, context),
    ];
  }
  return [
    '-device',
    `x3130-upstream,id=${port.id},${at}`,
    ...port.downstream.flatMap((leg) => [
      '-device',
      `xio3130-downstream,id=${leg.id},chassis=${leg.chassis},slot=${leg.chassis},${placeProps({ bus: port.id, slot: leg.slot })}`,
      ...(leg.child ? nodeArgs(leg.child, { bus: leg.id, slot: 0 }, context) : []),
    ]),
  ];
}

function deviceArgs(device: PciDevice, place: Place, context: PciContext): string[] {
  const at = placeProps(place);
  const { id } = device;
  if (device.kind === 'igb' || device.kind === 'virtio-net' || device.kind === 'e1000') {
    const model = device.kind === 'virtio-net' ? 'virtio-net-pci' : device.kind;
    const mac = device.mac ? `,mac=${device.mac}` : '';
    return [
      '-netdev',
      `user,id=${id}.net,net=${device.network},ipv6=off`,
      '-device',
      // No option ROM: the firmware would run it, and the package that holds it may be missing.
      `${model},id=${id},netdev=${id}.net${mac},${at},romfile=`,
    ];
  }
  if (device.kind === 'virtio-blk') {
    const vectors = device.vectors === undefined ? '' : `,vectors=${device.vectors}`;
    return [
      ...diskArgs(id, context),
      '-device',
      `virtio-blk-pci,id=${id},drive=${id}.disk,num-queues=${device.queues}${vectors},${at}`,
    ];
  }
  if (device.kind === 'null-disk') {
    const { driver, ...properties } = nullDiskProperties(device);
    const words = Object.entries(properties).map(([name, value]) => `${name}=${onOff(value)}`);
    return ['-device', `${driver},${words.join(',')},${at}`];
  }
  if (device.kind === 'virtio-serial') return ['-device', `virtio-serial-pci,id=${id},vectors=64,${at}`];
  // 2048 is the most that the size field of MSI-X holds (PCI 3.0, 6.8.2.3).
  if (device.kind === 'vector-holder') return ['-device', `virtio-rng-pci,id=${id},vectors=2048,${at}`];
  if (device.kind === 'edu') return ['-device', `edu,id=${id},${at}`];
  if (device.kind === 'uhci') return ['-device', `piix3-usb-uhci,id=${id},${at}`];
  if (device.kind === 'nvme') return nvmeArgs(device, at, context);
  // rombar=0: a guest needs no option ROM, and reading a VF's (it has none) only makes QEMU warn.
  return ['-device', `vfio-pci,id=${id},host=${device.host},${at},rombar=0`];
}

/**
 * Properties of a null disk, for `-device` and for QMP's `device_add`. Without the legacy interface it needs no I/O
 * ports, of which a machine has room for some hundred devices only.
 */
export function nullDiskProperties({ id, queues }: PciDevice & { kind: 'null-disk' }) {
  return {
    driver: 'virtio-blk-pci',
    id,
    drive: 'null0',
    'share-rw': true,
    'num-queues': queues,
    'disable-legacy': 'on',
  };
}

function onOff(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}

/**
 * SR-IOV NVMe needs a subsystem, and one namespace shared by all controllers attaches itself to every VF's.
 * The flexible queue (VQ) and interrupt (VI) resources are a pool that `nvme virt-mgmt` deals to VFs: three of
 * each, i.e. the admin queue and two I/O queues, each with a vector of its own. What is not in the pool is the
 * PF's (hw/nvme/ctrl.c, nvme_check_params() and nvme_init_sriov()): three queue pairs and interrupts left.
 */
function nvmeArgs(device: PciDevice & { kind: 'nvme' }, at: string, context: PciContext): string[] {
  const { id, maxVfs } = device;
  const perVf = 3;
  const pool = perVf * maxVfs;
  const sriov =
    maxVfs === 0
      ? ''
      : `,sriov_max_vfs=${maxVfs},sriov_vq_flexible=${pool},sriov_vi_flexible=${pool}` +
        `,sriov_max_vq_per_vf=${perVf},sriov_max_vi_per_vf=${perVf}` +
        `,max_ioqpairs=${pool + 4},msix_qsize=${pool + 6}`;
  return [
    '-device',
    `nvme-subsys,id=${id}.subsys`,
    '-device',
    `nvme,id=${id},serial=${device.serial},subsys=${id}.subsys,${at}${sriov}`,
    ...diskArgs(id, context),
    '-device',
    `nvme-ns,id=${id}.ns1,drive=${id}.disk,bus=${id},nsid=1,shared=on`,
  ];
}

function diskArgs(id: string, { disks }: PciContext): string[] {
  const backing = disks[id];
  if (!backing) throw new Error(`no backing given for disk "${id}"`);
  const file = backing.kind === 'fd' ? `/dev/fdset/${backing.fd}` : escapeComma(backing.path);
  return [
    ...(backing.kind === 'fd' ? ['-add-fd', `fd=${backing.fd},set=${backing.fd}`] : []),
    '-blockdev',
    `driver=file,node-name=${id}.file,filename=${file}`,
    '-blockdev',
    `driver=raw,node-name=${id}.disk,file=${id}.file`,
  ];
}

function placeProps(place: Place): string {
  const address = place.slot.toString(16) + (place.function ? `.${place.function}` : '');
  return `bus=${place.bus},addr=${address}${place.multifunction ? ',multifunction=on' : ''}`;
}
