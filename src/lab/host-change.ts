/** The lab as one variant sees it: its host with what the remedy and the variant change about it. */
import type { HostChange, Lab } from './schema.ts';

export function labOfVariant(lab: Lab, id: string): Lab {
  const variant = lab.variants[id]!;
  const changes = [lab.remedies[variant.remedy]?.host, variant.host];
  return {
    ...lab,
    host: changes.reduce<Lab['host']>((host, change) => changed(host, change ?? {}), lab.host),
  };
}

function changed(host: Lab['host'], { disks, ...change }: HostChange): Lab['host'] {
  const now: Lab['host'] = { ...host, ...given(change) };
  return host.disks && disks ? { ...now, disks: { ...host.disks, ...given(disks) } } : now;
}

/** Without the keys whose value is undefined: those change nothing. */
function given<T extends object>(change: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as never;
}
