/** What a real host has: kernel, tools, functions with SR-IOV, IOMMU groups, and what is in use. Only reads. */
import type { LinuxMachine } from '../guest/linux.ts';
import { listFunctions, type SysfsFunction } from '../guest/pci.ts';

export interface HostFunction extends SysfsFunction {
  /** PCI class, six hexadecimal digits: 020000 is an Ethernet controller. */
  class: string;
  /** VFs that it can have and has; 0 without SR-IOV. */
  totalVfs: number;
  numVfs: number;
  /** Does the kernel bind drivers to new VFs by itself? */
  autoprobe: boolean;
  /** Network interfaces of its driver. */
  interfaces: string[];
}

export interface Inventory {
  kernelRelease: string;
  isRoot: boolean;
  /** Programs that a lab needs and the host has not. */
  missingTools: string[];
  /** `/dev/kvm` is there. */
  kvm: boolean;
  /** Loaded now. */
  modules: string[];
  /** Of the modules that a lab may load: those that the kernel knows, loaded, built in or not. */
  available: string[];
  functions: HostFunction[];
  /** Interfaces that carry an address, or a route: in use by somebody. */
  usedInterfaces: string[];
  /** Interface that our own connection comes in by. */
  controlInterface: string | undefined;
  /** TCP ports that somebody listens on. */
  listening: number[];
}

const tools = [
  'setpci',
  'lspci',
  'ip',
  'modprobe',
  'setsid',
  'qemu-system-x86_64',
  'ping',
  'dd',
  'cmp',
  'md5sum',
];
const candidates = ['igb', 'igbvf', 'vfio-pci', 'vfio_iommu_type1', 'aer_inject', 'kvm-intel', 'kvm-amd'];

/** One `key value…` a line. Only what every shell and busybox has. */
const script = `
echo "kernel $(uname -r)"
echo "uid $(id -u)"
for t in ${tools.join(' ')}; do command -v $t >/dev/null || echo "missing $t"; done
[ -c /dev/kvm ] && echo kvm
while read -r m rest; do echo "module $m"; done < /proc/modules
for m in ${candidates.join(' ')}; do modprobe -n -q $m 2>/dev/null && echo "available $m"; done
for i in /sys/class/net/*; do i=\${i##*/}; [ $i = lo ] && continue
  [ -n "$(ip -o addr show dev $i scope global 2>/dev/null)$(ip route show dev $i 2>/dev/null)" ] && echo "used $i"; done
c=\${SSH_CONNECTION% *}; c=\${c##* }
[ -n "$c" ] && ip -o addr show 2>/dev/null | while read -r n i f a rest; do [ "\${a%/*}" = "$c" ] && echo "control $i"; done
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r n l r s rest; do [ "$s" = 0A ] && echo "listen \${l##*:}"; done
cd /sys/bus/pci/devices && for b in *; do
  t=0; n=0; p=1
  [ -e $b/sriov_totalvfs ] && read -r t < $b/sriov_totalvfs && read -r n < $b/sriov_numvfs
  [ -e $b/sriov_drivers_autoprobe ] && read -r p < $b/sriov_drivers_autoprobe
  read -r k < $b/class
  echo "function $b \${k#0x} $t $n $p $(ls $b/net 2>/dev/null | tr '\\n' ' ')"
done`;

export async function takeInventory(host: LinuxMachine, signal: AbortSignal): Promise<Inventory> {
  const text = await host.must(script, signal);
  return parseInventory(text, await listFunctions(host, signal));
}

export function parseInventory(text: string, functions: readonly SysfsFunction[]): Inventory {
  const of = new Map<string, string[][]>();
  for (const line of text.split('\n')) {
    const [key, ...words] = line.split(' ');
    if (key) of.set(key, [...(of.get(key) ?? []), words]);
  }
  const values = (key: string) => (of.get(key) ?? []).map(([value]) => value ?? '');
  const details = new Map((of.get('function') ?? []).map((words) => [words[0]!, words.slice(1)]));
  return {
    kernelRelease: values('kernel')[0] ?? '',
    isRoot: values('uid')[0] === '0',
    missingTools: values('missing'),
    kvm: of.has('kvm'),
    modules: values('module').map(asModule),
    available: values('available').map(asModule),
    functions: functions.map((fn) => {
      const [classCode = '', total = '0', num = '0', probe = '1', ...interfaces] = details.get(fn.bdf) ?? [];
      return {
        ...fn,
        class: classCode,
        totalVfs: Number(total),
        numVfs: Number(num),
        autoprobe: probe === '1',
        interfaces: interfaces.filter(Boolean),
      };
    }),
    usedInterfaces: values('used'),
    controlInterface: values('control')[0],
    listening: [...new Set(values('listen').map((port) => Number.parseInt(port, 16)))],
  };
}

/** The kernel writes a module's name with underscores, whatever its file is called. */
export function asModule(name: string): string {
  return name.replaceAll('-', '_');
}
