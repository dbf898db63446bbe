/** Virtio devices of a booted Linux, as sysfs and /proc/irq show them. */
import type { VirtioDeviceRecord } from '../evidence/virtio-devices.ts';
import type { LinuxMachine } from './linux.ts';

/**
 * Hundreds of devices, and under emulation every process costs: all but the pins is done by the shell itself. The
 * pin is byte 0x3d of the configuration space; a line of `od` has the first 64 bytes of one device.
 */
const listScript = `cd /sys/bus/virtio/devices || exit 1
configs=
for n in *; do
  [ -e "$n" ] || continue
  driver= block= irq=0 msix=0
  [ -e $n/driver ] && { cd -P $n/driver; driver=\${PWD##*/}; cd /sys/bus/virtio/devices; }
  for b in $n/block/*; do [ -e "$b" ] && block=\${b##*/}; done
  read -r id < $n/device
  cd -P $n/..
  read -r irq < irq
  for m in msi_irqs/*; do [ -e "$m" ] && read -r mode < $m && [ "$mode" = msix ] && msix=1; break; done
  echo "D|$n|\${PWD##*/}|$id|$driver|$block|$irq|$msix"
  configs="$configs $PWD/config"
  cd /sys/bus/virtio/devices
done
[ -z "$configs" ] || head -qc 64 $configs | od -An -v -tx1 -w64 | while read -r bytes; do echo "C|$bytes"; done
cd /proc/irq
for a in */virtio*; do
  [ -e "$a" ] || continue
  i=\${a%%/*}
  read -r affinity < $i/smp_affinity_list
  read -r effective < $i/effective_affinity_list
  echo "I|$i|\${a#*/}|$affinity|$effective"
done`;

export async function listVirtioDevices(
  machine: LinuxMachine,
  signal: AbortSignal,
): Promise<VirtioDeviceRecord[]> {
  const { stdout } = await machine.ssh.exec(listScript, signal);
  return parseVirtioListing(stdout);
}

/** What the script prints → records, by virtio index. */
export function parseVirtioListing(text: string): VirtioDeviceRecord[] {
  const rows = text.split('\n').map((line) => line.split('|'));
  const pins = rows.filter(([kind]) => kind === 'C').map(([, bytes]) => pinOf(bytes ?? ''));
  const devices = rows
    .filter(([kind]) => kind === 'D')
    .map(
      ([, name, bdf, id, driver, block, irq, msix], i): VirtioDeviceRecord => ({
        name: name!,
        bdf: bdf!,
        deviceId: Number(id),
        driver: driver || null,
        block: block || null,
        irq: Number(irq),
        pin: pins[i] ?? 0,
        msix: msix === '1',
        irqs: [],
      }),
    );
  const byName = new Map(devices.map((device) => [device.name, device]));
  for (const [kind, irq, name, affinity, effective] of rows) {
    if (kind !== 'I') continue;
    const owner = byName.get(name!.split('-')[0]!);
    owner?.irqs.push({ irq: Number(irq), name: name!, affinity: affinity!, effective: effective! });
  }
  for (const device of devices) device.irqs.sort((a, b) => a.irq - b.irq);
  return devices.sort((a, b) => indexOf(a.name) - indexOf(b.name));
}

function pinOf(bytes: string): number {
  return Number.parseInt(bytes.split(' ')[0x3d] ?? '0', 16);
}

function indexOf(name: string): number {
  return Number(name.replace('virtio', ''));
}
