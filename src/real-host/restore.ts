/**
 * What puts a host back as it was: computed from its state before anything is touched, shown to the user, and
 * given to the guardian (guardian.ts), which carries it out whatever becomes of us.
 */
import type { VariantPlan } from '../lab/plan.ts';
import { quote } from '../shell.ts';
import { asModule, type HostFunction, type Inventory } from './inventory.ts';
import { valueIn } from './state.ts';

export interface RestoreInput {
  variant: VariantPlan;
  functions: ReadonlyMap<string, HostFunction>;
  inventory: Inventory;
  /** As `readState` gives it. */
  state: readonly string[];
  /** Where we keep our files on the host. */
  folder: string;
}

export interface RestoreStep {
  what: string;
  command: string;
}

/** In the order in which they are carried out. Each can be run twice, and none ends the others. */
export function restoreSteps({ variant, functions, inventory, state, folder }: RestoreInput): RestoreStep[] {
  const fns = [...functions.values()];
  return [
    {
      what: 'end the QEMUs of the guests',
      command: `r=0; for p in ${folder}/*/pid; do [ ! -e $p ] || end $(cat $p) || r=1; done; [ $r = 0 ]`,
    },
    ...fns.flatMap((fn) => vfSteps(fn, state)),
    ...fns.flatMap((fn) => fn.interfaces.map((name) => linkStep(name, state))),
    ...['arp_ignore', 'arp_announce'].flatMap((key): RestoreStep[] => {
      const value = valueIn(state, `sysctl ${key}`);
      const file = `/proc/sys/net/ipv4/conf/all/${key}`;
      return value === undefined ? [] : [{ what: `${key} ${value}`, command: `echo ${value} > ${file}` }];
    }),
    ...fns.flatMap((fn) => aerSteps(fn, state)),
    {
      what: 'take our probes out of the trace',
      command:
        'cd /sys/kernel/tracing && [ ! -e events/vflab ] || { echo 0 > events/vflab/enable; ' +
        "grep -o ':vflab/[^ ]*' kprobe_events | sed 's/^/-/' | while read -r p; do echo \"$p\" >> kprobe_events; done; }",
    },
    {
      what: 'no debug messages of the recovery',
      command: "echo 'file drivers/pci/pcie/err.c -p' > /sys/kernel/debug/dynamic_debug/control",
    },
    ...moduleSteps(variant, inventory),
    {
      what: 'remove our files',
      command: 'rm -f /run/aer_inject.record /run/block.out /run/block.in',
    },
  ];
}

function vfSteps({ bdf, numVfs, autoprobe }: HostFunction, state: readonly string[]): RestoreStep[] {
  if (valueIn(state, `sriov_numvfs ${bdf}`) === undefined) return [];
  const sysfs = `/sys/bus/pci/devices/${bdf}`;
  return [
    { what: `${bdf} has ${numVfs} VFs`, command: `echo ${numVfs} > ${sysfs}/sriov_numvfs` },
    {
      what: `${bdf} ${autoprobe ? 'binds' : 'does not bind'} drivers to new VFs`,
      command: `echo ${autoprobe ? 1 : 0} > ${sysfs}/sriov_drivers_autoprobe`,
    },
  ];
}

/** The functions are those without addresses of their own (fit.ts), but for what the kernel gives by itself. */
function linkStep(name: string, state: readonly string[]): RestoreStep {
  const was = valueIn(state, `link ${name}`) ?? 'down';
  return {
    what: `${name} without our address, ${was}`,
    command: `ip -4 addr flush dev ${quote(name)} scope global; ip link set ${quote(name)} ${was}`,
  };
}

/** Masks, severities and limits of the function and of the ports above it; what an error left set is cleared (RW1C). */
function aerSteps({ bdf, path }: HostFunction, state: readonly string[]): RestoreStep[] {
  return [...new Set([bdf, ...path])].flatMap((address): RestoreStep[] => {
    const limits = ['correctable', 'nonfatal'].flatMap((name): RestoreStep[] => {
      const file = `${address}/aer/${name}_ratelimit_burst`;
      const value = valueIn(state, `aer-lines ${file}`);
      return value === undefined
        ? []
        : [{ what: `${file} ${value}`, command: `echo ${value} > /sys/bus/pci/devices/${file}` }];
    });
    const words = /^mask (\w+) severity (\w+) correctable-mask (\w+)$/.exec(
      valueIn(state, `aer ${address}`) ?? '',
    );
    if (!words) return limits;
    const [, mask, severity, correctable] = words;
    return [
      ...limits,
      {
        what: `error masks and severities of ${address}`,
        command: `setpci -s ${address} ECAP_AER+8.l=${mask} ECAP_AER+c.l=${severity} ECAP_AER+14.l=${correctable}`,
      },
    ];
  });
}

/** What a module brings along that `modprobe -r` of itself does not take away again. */
const companions: Record<string, string[]> = {
  vfio_pci: ['vfio_iommu_type1'],
  kvm_intel: ['kvm'],
  kvm_amd: ['kvm'],
};

/** Those that were not loaded, last first. One that others have begun to use stays, and the comparison says so. */
function moduleSteps({ host }: VariantPlan, { modules }: Inventory): RestoreStep[] {
  const ours = host.modules
    .flatMap((name) => (name === '{kvm}' ? ['kvm_intel', 'kvm_amd'] : [asModule(name)]))
    .flatMap((name) => [...(companions[name] ?? []), name])
    .filter((name) => !modules.includes(name));
  return ours.length === 0
    ? []
    : [
        {
          what: `unload ${ours.join(', ')}`,
          command: `for m in ${[...ours].reverse().join(' ')}; do [ -e /sys/module/$m ] && modprobe -r -q $m; done; :`,
        },
      ];
}
