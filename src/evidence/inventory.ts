/**
 * What a machine's kernel keeps of its PCI devices at one moment (`snapshots/<moment>.<machine>.inventory`): one thing
 * a line, `|` between the fields. src/guest/inventory.ts makes it.
 */
import { splitLines } from './source.ts';

export interface Inventory {
  functions: FunctionLine[];
  /** Slots that hot-plug knows. */
  slots: { line: number; name: string; address: string; power: number }[];
  groups: { line: number; id: string; members: string[] }[];
  /** Numbers of `/dev/vfio/N`. */
  vfio: { line: number; name: string }[];
  /** Interrupt descriptors, with the names of their handlers. */
  irqs: { line: number; irq: number; names: string[] }[];
  blocks: { line: number; name: string }[];
  nets: { line: number; name: string }[];
  modules: { line: number; name: string; users: number }[];
  /** Of /proc/iomem and /proc/ioports. */
  resources: { line: number; space: string; range: string; name: string }[];
  /** Open files of a guest's QEMU, by what they lead to. */
  files: { line: number; guest: string; to: string; count: number }[];
  /** Tasks that waited uninterruptibly at two looks a second apart, with their kernel stack. */
  waiting: { line: number; pid: number; name: string; stack: string }[];
  /** The listing has its last line. */
  whole: boolean;
}

export interface FunctionLine {
  line: number;
  bdf: string;
  driver?: string;
  group?: string;
  irqs: number[];
  /** Sizes in bytes of its resources, BARs and bridge windows. */
  bars: number[];
}

/** Lines that are no record are left out; `whole` says whether the end is there. Never throws. */
export function parseInventory(content: string): Inventory {
  const found: Inventory = {
    ...{ functions: [], slots: [], groups: [], vfio: [], irqs: [], blocks: [], nets: [], modules: [] },
    ...{ resources: [], files: [], waiting: [], whole: false },
  };
  for (const [index, text] of splitLines(content).entries()) {
    const line = index + 1;
    const [kind, a = '', b = '', c = '', d = '', e = ''] = text.slice(0, 8192).split('|');
    if (kind === 'F') {
      const optional = { ...(b ? { driver: b } : {}), ...(c ? { group: c } : {}) };
      found.functions.push({ line, bdf: a, ...optional, irqs: numbers(d), bars: numbers(e) });
    } else if (kind === 'S') found.slots.push({ line, name: a, address: b, power: Number(c) });
    else if (kind === 'G') found.groups.push({ line, id: a, members: words(b) });
    else if (kind === 'V') found.vfio.push({ line, name: a });
    else if (kind === 'I')
      found.irqs.push({ line, irq: Number(a), names: b === '' ? [] : b.split(',').toSorted() });
    else if (kind === 'B') found.blocks.push({ line, name: a });
    else if (kind === 'N') found.nets.push({ line, name: a });
    else if (kind === 'M') found.modules.push({ line, name: a, users: Number(b) });
    else if (kind === 'R') found.resources.push({ line, space: a, range: b, name: c });
    else if (kind === 'Q') found.files.push({ line, guest: a, to: b, count: Number(c) });
    else if (kind === 'T') found.waiting.push({ line, pid: Number(a), name: b, stack: c });
    else if (kind === 'END') found.whole = true;
  }
  return found;
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function numbers(text: string): number[] {
  return words(text).map(Number);
}
