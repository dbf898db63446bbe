/** The bus walk of an error report, from the host's functions as they were recorded. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { PciFunctionRecord } from '../../../evidence/record.ts';
import type { WalkedFunction } from '../../../model/aer/types.ts';

/** The host's functions as last recorded before harness time `t`; the first record if there is none before. */
export function functionsAt(events: readonly Recorded[], t: number): readonly PciFunctionRecord[] {
  const all = ofKind(events, 'functions').filter((event) => event.machine === 'host');
  return (all.findLast((event) => event.t <= t) ?? all[0])?.functions ?? [];
}

/** The root port above a function, as last recorded; a root port is its own. */
export function rootPorts(events: readonly Recorded[]): (bdf: string) => string | undefined {
  const parents = new Map<string, string | undefined>();
  for (const { machine, functions } of ofKind(events, 'functions')) {
    if (machine === 'host') for (const { bdf, parent } of functions) parents.set(bdf, parent);
  }
  return (bdf) => {
    if (!parents.has(bdf)) return undefined;
    // A record that goes in circles is no tree; nothing is deeper than this.
    let at = bdf;
    for (let depth = 0; depth < 16; depth += 1) {
      const parent = parents.get(at);
      if (parent === undefined) return at;
      at = parent;
    }
    return undefined;
  };
}

/** The port whose bus is walked: the reporting function itself if it is a port, else the port above it. */
export function bridgeOf(functions: readonly PciFunctionRecord[], source: string): string | undefined {
  const found = functions.find((fn) => fn.bdf === source);
  if (!found) return undefined;
  return isBridge(functions, found) ? found.bdf : found.parent;
}

export function isBridge(functions: readonly PciFunctionRecord[], fn: PciFunctionRecord): boolean {
  return fn.driver === 'pcieport' || functions.some((other) => other.parent === fn.bdf);
}

/**
 * Functions that pci_walk_bus visits below a bridge, in its order. Source: drivers/pci/bus.c pci_walk_bus goes
 * over the devices of the bus and, for a bridge, what is below it. VFs on a bus number of their own hang on a
 * bus without a bridge device (drivers/pci/iov.c virtfn_add_bus), so they are not visited.
 */
export function walkBelow(
  functions: readonly PciFunctionRecord[],
  bridge: string,
  heldBy: (name: string) => string | undefined,
): WalkedFunction[] {
  const below = functions.filter((fn) => fn.parent === bridge);
  const buses = new Set(below.filter((fn) => !fn.isVf).map((fn) => busOf(fn.bdf)));
  const visited = below.filter((fn) => !fn.isVf || buses.has(busOf(fn.bdf)));
  return visited
    .toSorted((a, b) => (a.bdf < b.bdf ? -1 : 1))
    .flatMap((fn) => {
      const holder = heldBy(fn.name);
      const walked: WalkedFunction = {
        bdf: fn.bdf,
        isVf: fn.isVf,
        isBridge: isBridge(functions, fn),
        disconnected: false,
        ...(fn.driver === undefined ? {} : { driver: fn.driver }),
        ...(holder === undefined ? {} : { heldBy: holder }),
      };
      return [walked, ...(walked.isBridge ? walkBelow(functions, fn.bdf, heldBy) : [])];
    });
}

function busOf(bdf: string): string {
  return bdf.slice(0, bdf.lastIndexOf(':'));
}
