/** What a machine's kernel keeps of its PCI devices, in one listing: src/evidence/inventory.ts reads it. */
import type { LinuxMachine } from './linux.ts';

/**
 * All but a few lines is done by the shell itself: under emulation every process costs. A guest's QEMU is known by
 * the file of its process id; its descriptors are told by what they lead to. A task that waits uninterruptibly now may
 * go on at once: only the later look at it tells, so such tasks are listed twice, a moment apart.
 */
const script = `cd /sys/bus/pci/devices || exit 1
for n in *; do
  [ -e "$n" ] || continue
  driver= group= irqs=
  [ -e $n/driver ] && { cd -P $n/driver; driver=\${PWD##*/}; cd /sys/bus/pci/devices; }
  [ -e $n/iommu_group ] && { cd -P $n/iommu_group; group=\${PWD##*/}; cd /sys/bus/pci/devices; }
  for m in $n/msi_irqs/*; do [ -e "$m" ] && irqs="$irqs \${m##*/}"; done
  bars=
  while read -r from to flags; do [ "$to" = 0x0000000000000000 ] || bars="$bars $((to - from + 1))"; done < $n/resource
  echo "F|$n|$driver|$group|\${irqs# }|\${bars# }"
done
for s in /sys/bus/pci/slots/*; do [ -e $s/address ] && read -r a < $s/address && read -r p < $s/power && echo "S|\${s##*/}|$a|$p"; done
for g in /sys/kernel/iommu_groups/*; do
  in=
  for d in $g/devices/*; do [ -e "$d" ] && in="$in \${d##*/}"; done
  echo "G|\${g##*/}|\${in# }"
done
for v in /dev/vfio/[0-9]*; do [ -e "$v" ] && echo "V|\${v##*/}"; done
cd /proc/irq
for i in [0-9]*; do
  names=
  for a in $i/*/; do [ -e "$a" ] && a=\${a%/} && names="$names,\${a##*/}"; done
  echo "I|$i|\${names#,}"
done
for b in /sys/block/*; do [ -e "$b" ] && echo "B|\${b##*/}"; done
for b in /sys/class/net/*; do [ -e "$b" ] && echo "N|\${b##*/}"; done
while read -r name size count rest; do echo "M|$name|$count"; done < /proc/modules
for what in iomem ioports; do while read -r range colon name; do echo "R|$what|$range|$name"; done < /proc/$what; done
for g in /run/*/pid; do
  [ -e "$g" ] || continue
  read -r pid < $g; [ -d /proc/$pid/fd ] || continue
  n=\${g%/pid}
  ls -l /proc/$pid/fd | sed -n 's/.* -> //p' | sed 's/\\[[0-9]*\\]$//; s/:[0-9]*$//' | sort | uniq -c | while read -r count to; do echo "Q|\${n##*/}|$to|$count"; done
done
waiting() { grep -l '^State:.D' /proc/[0-9]*/status 2>/dev/null; }
first=$(waiting)
[ -z "$first" ] || { sleep 1; for f in $(waiting); do
  case " $(echo $first) " in *" $f "*) ;; *) continue;; esac
  p=\${f%/status}
  read -r name < $p/comm && echo "T|\${p##*/}|$name|$(sed 's/^.[^ ]* //' $p/stack | tr '\\n' ' ')"
done; }
echo END`;

/** @returns undefined when the listing is not whole. */
export async function takeInventory(machine: LinuxMachine, signal: AbortSignal): Promise<string | undefined> {
  const { stdout } = await machine.ssh.exec(script, signal);
  return stdout.endsWith('END\n') ? stdout : undefined;
}
