/** PCI of a booted Linux through sysfs: what functions there are, and which driver has them. */
import type { LinuxMachine } from './linux.ts';

export interface SysfsFunction {
  /** 0000:01:10.2 */
  bdf: string;
  /** BDFs from the root bus down to the function itself. */
  path: string[];
  vendor: string;
  device: string;
  driver?: string;
  iommuGroup?: number;
  /** sysfs has AER counters exactly where the device has the capability (drivers/pci/pcie/aer.c, aer_stats_attrs_are_visible). */
  hasAer: boolean;
  /** BDFs of its VFs by index, for a PF with VFs enabled. */
  vfs: string[];
  isVf: boolean;
}

/** Few processes, however many functions there are: an emulated machine starts some fifty a second. */
const listScript = `cd /sys/bus/pci/devices || exit 1
{
  for b in *; do
    a=0; [ -e "$b/aer_dev_correctable" ] && a=1
    f=0; [ -e "$b/physfn" ] && f=1
    read -r ven < "$b/vendor"; read -r dev < "$b/device"
    echo "= $b $ven $dev $a $f"
  done
  ls -ld * */driver */iommu_group */virtfn* 2>/dev/null
} | awk '
  $1 == "=" { n++; id[n] = $2; ids[$2] = $3 "|" $4; kind[$2] = $5 "|" $6; next }
  {
    to = $NF; last = to; sub(/.*\\//, "", last)
    if (split($(NF - 2), from, "/") == 1) path[from[1]] = to
    else link[from[1], from[2]] = last
  }
  END {
    for (i = 1; i <= n; i++) {
      b = id[i]; v = ""
      for (k = 0; (b, "virtfn" k) in link; k++) v = v " " link[b, "virtfn" k]
      print b "|" path[b] "|" ids[b] "|" link[b, "driver"] "|" link[b, "iommu_group"] "|" kind[b] "|" v
    }
  }'`;

export async function listFunctions(machine: LinuxMachine, signal: AbortSignal): Promise<SysfsFunction[]> {
  return parseFunctions(await machine.must(listScript, signal));
}

export function parseFunctions(text: string): SysfsFunction[] {
  return text
    .split('\n')
    .filter((line) => line.includes('|'))
    .map((line) => {
      const [bdf, path, vendor, device, driver, group, aer, vf, vfs] = line.split('|') as string[];
      return {
        bdf: bdf!,
        path: path!.split('/').filter((step) => /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(step)),
        vendor: vendor!.replace('0x', ''),
        device: device!.replace('0x', ''),
        ...(driver ? { driver } : {}),
        ...(group ? { iommuGroup: Number(group) } : {}),
        hasAer: aer === '1',
        isVf: vf === '1',
        vfs: vfs!.split(' ').filter(Boolean),
      };
    });
}

/**
 * Finds a function by its place in the PCI tree, e.g. `00:04.0/00.0`: the first step is on the root bus, the
 * others are `slot.function` on whatever bus number the kernel gave.
 */
export function findByPath(functions: SysfsFunction[], path: string): SysfsFunction | undefined {
  const steps = path.split('/').map((step) => step.slice(step.indexOf(':') + 1));
  return functions.find(
    (f) => f.path.length === steps.length && f.path.every((bdf, i) => bdf.slice(8) === steps[i]),
  );
}

/** Hands a function to a driver. Unbinds it first where another one has it; waits for the probe's result. */
export async function bindDriver(
  machine: LinuxMachine,
  bdf: string,
  driver: string,
  signal: AbortSignal,
): Promise<void> {
  await machine.must(
    `d=/sys/bus/pci/devices/${bdf}; ` +
      `[ -e $d/driver ] && echo ${bdf} > $d/driver/unbind; ` +
      `echo ${driver} > $d/driver_override && echo ${bdf} > /sys/bus/pci/drivers_probe && ` +
      `[ "$(basename "$(readlink -f $d/driver)")" = ${driver} ]`,
    signal,
  );
}

/** Name of the network interface that a PCI function's driver made, e.g. `eth1`. */
export async function networkInterface(
  machine: LinuxMachine,
  bdf: string,
  signal: AbortSignal,
): Promise<string> {
  return (await machine.must(`ls /sys/bus/pci/devices/${bdf}/net`, signal)).trim();
}
