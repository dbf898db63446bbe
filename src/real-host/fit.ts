/** Can this variant run on this host, and what would it take? Pure: asked before anything is touched. */
import type { DevicePlan, VariantPlan } from '../lab/plan.ts';
import { asModule, type HostFunction, type Inventory } from './inventory.ts';

export interface Fit {
  /** Device of the lab → the PF that plays it. */
  functions: Map<string, HostFunction>;
  /** Why it cannot be: one sentence each. */
  problems: string[];
}

/** Loopback ports of the host that a guest's console, QMP and SSH are reached by (guest/command-line.ts). */
const channelsOf = (index: number, hostPort: number) => [4400 + 2 * index, 4401 + 2 * index, hostPort];

/** @param chosen Device of the lab → BDF, as `--device nic0=0000:01:00.0` says. */
export function fitOn(variant: VariantPlan, inventory: Inventory, chosen: ReadonlyMap<string, string>): Fit {
  const problems = [...hostProblems(variant, inventory), ...labProblems(variant)];
  const functions = new Map<string, HostFunction>();
  for (const device of variant.devices) {
    const found = choose(device, inventory, chosen.get(device.id));
    if (typeof found === 'string') problems.push(found);
    else {
      functions.set(device.id, found);
      problems.push(...deviceProblems(device, found, inventory));
    }
  }
  const twice = [...functions].find(([id, fn]) =>
    [...functions].some(([other, { bdf }]) => other < id && bdf === fn.bdf),
  );
  if (twice) problems.push(`${twice[1].bdf} cannot play two devices of the lab`);
  problems.push(...neighbourProblems(variant, functions, inventory));
  return { functions, problems };
}

function hostProblems({ guests, host }: VariantPlan, inventory: Inventory): string[] {
  const problems: string[] = [];
  if (!inventory.isRoot) problems.push('a lab needs root on the host');
  // Of QEMU only guests have need.
  const missing = inventory.missingTools.filter((tool) => guests.length > 0 || !tool.startsWith('qemu'));
  if (missing.length > 0) problems.push(`the host lacks ${missing.join(', ')}`);
  const unknown = host.modules
    .filter((name) => name !== '{kvm}')
    .map(asModule)
    .filter((name) => ![...inventory.available, ...inventory.modules].includes(name));
  if (unknown.length > 0) problems.push(`the host's kernel has no module ${unknown.join(', ')}`);
  if (
    guests.length > 0 &&
    !inventory.kvm &&
    !inventory.available.some((name) => /^kvm_(intel|amd)$/.test(name))
  )
    problems.push('the host has no /dev/kvm for its guests');
  if (guests.length > 0 && !inventory.functions.some((fn) => fn.iommuGroup !== undefined))
    problems.push('the host has no IOMMU groups: boot it with intel_iommu=on, or the like');
  const ports = guests.flatMap(({ spec }, index) => channelsOf(index, spec.control.hostPort));
  const taken = ports.filter((port) => inventory.listening.includes(port));
  if (taken.length > 0)
    problems.push(`somebody on the host listens on port ${taken.join(', ')}, which a guest needs`);
  return problems;
}

/** What only an emulated host can do, or what cannot be undone on a real one. */
function labProblems({ disks, faults, phases, host, invariants = [] }: VariantPlan): string[] {
  const problems: string[] = [];
  if (host.spec.trace)
    problems.push('a ledger needs what the QEMU of an emulated host writes of its interrupts');
  for (const { id, kind } of invariants) {
    if (kind === 'global-available' || kind === 'ledger-balanced')
      problems.push(`the invariant ${id} (${kind}) rests on a trace since boot`);
  }
  if (disks) problems.push('a real host gets no disks: only an emulated one does');
  for (const [id, fault] of Object.entries(faults)) {
    // What happens inside a VM of ours ends with it.
    if ('on' in fault && fault.on !== 'host') continue;
    if (fault.kind !== 'aer') problems.push(`the fault ${id} (${fault.kind}) is for an emulated host only`);
    else if (fault.via === 'qemu')
      problems.push(`the fault ${id} is raised by QEMU, which a real host is not`);
  }
  for (const action of phases.flatMap((phase) => phase.actions)) {
    if (action.do === 'run' && action.on === 'host')
      problems.push(`\`${action.command}\` may change the host in a way that nobody can undo`);
  }
  return problems;
}

function choose(
  { id, kind, vfs }: DevicePlan,
  { functions }: Inventory,
  bdf: string | undefined,
): HostFunction | string {
  if (kind !== 'igb')
    return `${id} is a ${kind}: its traffic writes to the disk, which is not done on a real host`;
  if (bdf !== undefined) {
    const found = functions.find((fn) => fn.bdf === bdf);
    return found ?? `${id}: the host has no function ${bdf}`;
  }
  const fitting = functions.filter((fn) => fn.driver === kind && !fn.isVf && fn.totalVfs >= vfs.length);
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length === 0)
    return `${id}: no function of the host is driven by ${kind} and can have ${vfs.length} VFs; name one by --device ${id}=BDF`;
  return `${id}: ${fitting.map((fn) => fn.bdf).join(', ')} would do; choose by --device ${id}=BDF`;
}

function deviceProblems({ id, kind, vfs }: DevicePlan, fn: HostFunction, inventory: Inventory): string[] {
  const problems: string[] = [];
  const where = `${id} (${fn.bdf})`;
  if (fn.driver !== kind)
    problems.push(`${where} is driven by ${fn.driver ?? 'nothing'}, the lab is about ${kind}`);
  if (fn.totalVfs < vfs.length)
    problems.push(`${where} can have ${fn.totalVfs} VFs, the lab wants ${vfs.length}`);
  if (fn.numVfs > 0) problems.push(`${where} has ${fn.numVfs} VFs already: somebody uses them`);
  for (const name of fn.interfaces) {
    if (name === inventory.controlInterface) problems.push(`${where} carries our own connection (${name})`);
    else if (inventory.usedInterfaces.includes(name))
      problems.push(`${where} is in use: ${name} has an address or a route`);
  }
  return problems;
}

/** A recovery asks, and may reset, every function below the root port; those of others are none of ours. */
function neighbourProblems(
  { faults }: VariantPlan,
  functions: ReadonlyMap<string, HostFunction>,
  inventory: Inventory,
): string[] {
  const recovers = Object.values(faults).some(
    (fault) => fault.kind === 'aer' && fault.severity !== 'correctable',
  );
  if (!recovers) return [];
  return [...functions].flatMap(([id, { bdf, path }]) => {
    const root = path[0];
    const others = inventory.functions.filter(
      (fn) => fn.path[0] === root && fn.path.length > 1 && fn.bdf !== bdf && !path.includes(fn.bdf),
    );
    if (path.length === 1)
      return [`${id} (${bdf}) sits on the root bus: there is no root port to report its errors`];
    return others.length === 0
      ? []
      : [
          `below the root port ${root} of ${id} are others, who would be asked to recover: ${others.map((fn) => fn.bdf).join(', ')}`,
        ];
  });
}
