/** A real host in words: what it has, and what a variant would do to it. */
import type { HostFunction, Inventory } from '../real-host/inventory.ts';
import type { Undertaking } from '../real-host/real-host.ts';
import type { Style } from './colour.ts';

export function inventoryText(url: string, host: Inventory, style: Style): string {
  const { functions, missingTools, kernelRelease, isRoot, kvm, usedInterfaces } = host;
  const groups = new Set(functions.flatMap((fn) => fn.iommuGroup ?? []));
  const pfs = functions.filter((fn) => fn.totalVfs > 0);
  const lines = [
    style.bold(url),
    `  kernel         ${kernelRelease}${isRoot ? '' : ' (not root: most of a lab cannot be done)'}`,
    `  KVM            ${kvm ? '/dev/kvm' : 'none loaded'}`,
    `  IOMMU groups   ${groups.size === 0 ? 'none: no function can be passed through' : groups.size}`,
    `  missing        ${missingTools.join(', ') || 'nothing'}`,
    '',
    style.bold(`  ${pfs.length} ${pfs.length === 1 ? 'function' : 'functions'} with SR-IOV`),
    ...pfs.map((fn) => `    ${functionText(fn, usedInterfaces, host.controlInterface)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function functionText(fn: HostFunction, used: readonly string[], control: string | undefined): string {
  const group = fn.iommuGroup === undefined ? 'no IOMMU group' : `IOMMU group ${fn.iommuGroup}`;
  const inUse = fn.interfaces.includes(control ?? '')
    ? ', carries this connection'
    : fn.interfaces.some((name) => used.includes(name))
      ? ', in use'
      : '';
  return [
    `${fn.bdf} [${fn.vendor}:${fn.device}] ${fn.driver ?? 'no driver'}`,
    `${fn.numVfs} of ${fn.totalVfs} VFs`,
    group,
    fn.hasAer ? 'AER' : 'no AER',
    `behind ${fn.path.at(-2) ?? 'the root bus'}${inUse}`,
  ].join(', ');
}

export function undertakingText(parts: {
  lab: string;
  variant: string;
  url: string;
  does: readonly string[];
  undertaking: Undertaking;
}): string {
  const { lab, variant, url, does, undertaking } = parts;
  return [
    `${lab} ${variant} on ${url} (${undertaking.inventory.kernelRelease}) will`,
    ...does.map((what) => `  - ${what}`),
    'and at its end, or a minute after this program falls silent, a process on the host will',
    ...undertaking.steps.map(({ what }) => `  - ${restoring(what)}`),
    '',
  ].join('\n');
}

/** Steps are named as orders (`end the QEMUs …`) or as the state they lead to (`eth1 … down`). */
function restoring(what: string): string {
  return /^(end|take|unload|remove|no) /.test(what) ? what : `restore: ${what}`;
}
