/** The lab as one variant sees it: its host and guests with what the remedy and the variant change about them. */
import type { HostChange, Lab } from './schema.ts';

export function labOfVariant(lab: Lab, id: string): Lab {
  const variant = lab.variants[id]!;
  let { host, guests } = lab;
  for (const change of [lab.remedies[variant.remedy], variant]) {
    host = changedHost(host, change?.host ?? {});
    guests = changedGuests(guests, change?.guests ?? {});
  }
  return { ...lab, host, guests };
}

function changedHost(host: Lab['host'], { disks, devices, cmdline, ...change }: HostChange): Lab['host'] {
  const now: Lab['host'] = { ...host, ...given(change) };
  if (host.disks && disks) now.disks = { ...host.disks, ...given(disks) };
  if (cmdline) now.cmdline = [...host.cmdline, ...cmdline];
  // Devices that are not there, or have no slot or no vectors to choose, are reported by check.ts.
  for (const [id, { slot, vectors }] of Object.entries(devices ?? {})) {
    const device = now.devices[id];
    if (!device || !('slot' in device)) continue;
    const own = device.kind === 'virtio-blk' ? given({ slot, vectors }) : given({ slot });
    now.devices = { ...now.devices, [id]: { ...device, ...own } };
  }
  return now;
}

function changedGuests(guests: Lab['guests'], change: Lab['remedies'][string]['guests']): Lab['guests'] {
  return Object.fromEntries(Object.entries(guests).map(([id, guest]) => [id, { ...guest, ...change[id] }]));
}

/** Without the keys whose value is undefined: those change nothing. */
function given<T extends object>(change: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as never;
}
