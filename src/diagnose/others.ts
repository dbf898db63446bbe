/** Trouble that is often taken for an interrupt problem, and what it is instead. */
import type { OtherTroubleWhat } from '../evidence/log/other-trouble.ts';
import type { Casebook, Kind, Place } from './casebook.ts';
import type { OtherProblem } from './types.ts';

const known: Readonly<Record<OtherTroubleWhat, { what: string; advice: string }>> = {
  'iommu-group': {
    what: 'an IOMMU group that is not wholly given to vfio',
    advice:
      'bind every function of the group to vfio-pci (ls /sys/kernel/iommu_groups/*/devices), or move the card',
  },
  'iommu-missing': {
    what: 'no IOMMU for the function',
    advice: 'enable VT-d or AMD-Vi in the BIOS, and intel_iommu=on on the kernel command line',
  },
  'iommu-fault': {
    what: 'the IOMMU refused a device’s access to memory',
    advice:
      'a driver or a device that touches memory it was not given; the line names the function and the address',
  },
  'remapping-missing': {
    what: 'the platform cannot isolate interrupts, so vfio refuses the function',
    advice:
      'enable interrupt remapping (x2APIC) in the BIOS; allow_unsafe_interrupts=1 lets a guest inject interrupts',
  },
  reset: {
    what: 'a function that does not come back from a reset',
    advice: 'another reset method (/sys/bus/pci/devices/…/reset_method), a firmware update, or a power cycle',
  },
  power: {
    what: 'a function that does not answer in its power state',
    advice: 'vfio_pci.disable_idle_d3=1, or the slot has lost power',
  },
  bar: {
    what: 'a memory window of the function is taken by something else',
    advice:
      'a boot frame buffer, mostly: video=efifb:off, or detach it before the VM starts; cat /proc/iomem',
  },
  memory: {
    what: 'the VM’s memory cannot be locked or mapped for the device',
    advice: 'raise the limit of locked memory (ulimit -l), or give the host more free memory',
  },
  'vfio-device-busy': {
    what: 'another process holds the function’s vfio group',
    advice: 'a second VM, or a QEMU that has not ended: fuser -v /dev/vfio/*',
  },
  'disk-full': {
    what: 'a full disk: “No space left on device” of a file system, not of interrupt vectors',
    advice: 'df -h; df -i',
  },
};

/** What the kernel's other failed probes say, by errno. */
const errnos: Readonly<Record<number, string>> = {
  [-5]: 'I/O error',
  [-12]: 'no memory',
  [-16]: 'busy',
  [-19]: 'no such device',
  [-22]: 'invalid argument',
  [-28]: 'no space',
  [-110]: 'timed out',
  [-517]: 'deferred',
};

/** @param explained kinds that a diagnosis accounts for */
export function otherProblems(book: Casebook, explained: ReadonlySet<Kind>): OtherProblem[] {
  const byWhat = Map.groupBy(book.of('other-trouble'), (fact) => fact.what);
  const problems = [...byWhat].map(
    ([what, facts]): OtherProblem => ({ ...known[what], count: facts.length, first: facts[0]!.at }),
  );
  const add = (first: Place | undefined, count: number, what: string, advice: string) => {
    if (first) problems.push({ what, advice, count, first });
  };
  const errors = book.of('aer-report').filter((fact) => fact.severity !== 'correctable');
  const correctable = book.of('aer-report').filter((fact) => fact.severity === 'correctable');
  add(
    explained.has('aer-report') ? undefined : errors[0]?.at,
    errors.length,
    'a PCIe function reported an uncorrectable error',
    'the bits in the lines behind it say which; its slot, cable or firmware. If a VM stopped then: lspci -vvv and QEMU’s log',
  );
  add(
    correctable.length > 100 ? correctable[0]?.at : undefined,
    correctable.length,
    'a PCIe link with many correctable errors',
    'nothing is lost yet: reseat the card or lower the link speed',
  );
  const reset = book.of('vfio').filter((fact) => fact.what === 'reset-failed');
  if (!byWhat.has('reset')) add(reset[0]?.at, reset.length, known.reset.what, known.reset.advice);
  const trouble = book.of('trouble');
  add(
    trouble[0]?.at,
    trouble.length,
    `the kernel is in trouble (${[...new Set(trouble.map((fact) => fact.what))].join(', ')})`,
    'read on from that line: what it is about stands in its stack',
  );
  const failed = book.of('probe-failed');
  add(
    failed[0]?.at,
    failed.length,
    `a driver gave its device up (${[...new Set(failed.map(({ driver, errno }) => `${driver} ${errno}${errnos[errno] ? `, ${errnos[errno]}` : ''}`))].slice(0, 3).join('; ')})`,
    'the lines before it say why',
  );
  const broke = book.of('emulator-broke');
  add(broke[0]?.at, broke.length, 'QEMU itself broke', 'a bug of QEMU or of its build; update it');
  const kvm = book.of('kvm-internal-error');
  add(
    kvm[0]?.at,
    kvm.length,
    'KVM could not run the guest',
    'the CPU’s features as the guest sees them, nested virtualisation, or firmware',
  );
  const rest = book.of('vfio-failed');
  add(
    explained.has('vfio-failed') ? undefined : rest[0]?.at,
    rest.length,
    'QEMU could not set a passed-through function up',
    'the line says which step; it is not one about interrupts',
  );
  return problems.sort((a, b) => b.count - a.count);
}
