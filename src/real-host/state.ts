/**
 * The state of a host that a lab may change, as sorted lines: taken before anything is touched and again after
 * all was put back, the two must be the same.
 */
import type { LinuxMachine } from '../guest/linux.ts';

/** Registers whose bits the fault arms: uncorrectable mask and severity, correctable mask (PCI_ERR_*). */
const script = `
while read -r m rest; do echo "module $m"; done < /proc/modules
cd /sys/bus/pci/devices && for b in *; do
  d=$(readlink -f $b/driver) || d=; echo "driver $b \${d##*/}"
  read -r o < $b/driver_override; echo "driver_override $b $o"
  for f in sriov_numvfs sriov_drivers_autoprobe; do [ -e $b/$f ] && read -r v < $b/$f && echo "$f $b $v"; done
  [ -e $b/aer_dev_correctable ] && echo "aer $b mask $(setpci -s $b ECAP_AER+8.l) severity $(setpci -s $b ECAP_AER+c.l) correctable-mask $(setpci -s $b ECAP_AER+14.l)"
  for f in $b/aer/*_ratelimit_burst; do [ -e $f ] && read -r v < $f && echo "aer-lines $f $v"; done
done
ip -o link show | while read -r n i flags rest; do case $flags in *[,\\<]UP[,\\>]*) u=up;; *) u=down;; esac; echo "link $i $u"; done
ip -o addr show | while read -r n i f a rest; do echo "address $i $f $a"; done
for k in arp_ignore arp_announce; do read -r v < /proc/sys/net/ipv4/conf/all/$k; echo "sysctl $k $v"; done
grep -s ':vflab/' /sys/kernel/tracing/kprobe_events | while read -r p; do echo "kprobe $p"; done
echo "dynamic-debug $(grep -s 'drivers/pci/pcie/err.c:' /sys/kernel/debug/dynamic_debug/control | md5sum)"
for d in /run/vflab-*; do [ -e $d ] && echo "folder $d"; done
for p in /proc/[0-9]*; do read -r c 2>/dev/null < $p/comm; case $c in qemu-system*) echo "process \${p##*/} $c";; esac; done
:`;

export async function readState(host: LinuxMachine, signal: AbortSignal): Promise<string[]> {
  return parseState(await host.must(script, signal));
}

export function parseState(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();
}

/** What is other than before: `- driver 0000:01:00.0 igb` was, `+ …` is. Empty: the host is as it was. */
export function compareStates(before: readonly string[], after: readonly string[]): string[] {
  const was = new Set(before);
  const is = new Set(after);
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}

/** The value of `key` in a state, e.g. `aer 0000:01:00.0`. */
export function valueIn(state: readonly string[], key: string): string | undefined {
  return state.find((line) => line === key || line.startsWith(`${key} `))?.slice(key.length + 1);
}
