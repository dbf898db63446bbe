/**
 * /proc/interrupts as typed rows. Source: kernel/irq/proc.c (show_interrupts; irq_seq_show of 7.2), arch/x86/kernel/irq.c
 * (arch_show_interrupts). Chip names differ: 6.1 prints `PCI-MSI 524289-edge`, 6.12
 * `PCI-MSIX-0000:01:00.0   1-edge`; with interrupt remapping `IR-` or `INTEL-IR-` comes before. 7.2 pads the name on
 * the right (61b51a167c52 genirq/proc: Runtime size the chip name), and leaves out the rows SPU, RTR, ERR and MIS until they
 * have counted something (8713f2e596a1 x86/irq: Suppress unlikely interrupt stats by default).
 */
import { splitLines } from './source.ts';

export interface InterruptRow {
  /** 1-based line in the snapshot. */
  line: number;
  /** `26`, or an architecture's own row such as `NMI`. */
  irq: string;
  /** Count on every online CPU, in the order of the header. */
  counts: number[];
  chip?: string;
  /** `524289-edge` or `1-edge`. */
  hwirq?: string;
  /** BDF that the chip name carries (6.12), absent elsewhere. */
  device?: string;
  /** Names of the actions that share the line: `PCIe PME`, `aerdrv`, `vfio-msix[0](0000:01:10.0)`. */
  actions: string[];
}

export interface Interrupts {
  cpus: number[];
  rows: InterruptRow[];
}

const bdf = /([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/;

/** Reads a whole snapshot; lines it cannot read are left out. Never throws. */
export function parseInterrupts(text: string): Interrupts {
  const lines = splitLines(text);
  const cpus = [...(lines[0] ?? '').slice(0, 65536).matchAll(/CPU(\d{1,5})/g)].map((m) => Number(m[1]));
  const rows: InterruptRow[] = [];
  for (const [index, raw] of lines.entries()) {
    const row = interruptRow(raw.slice(0, 65536), index + 1, cpus.length);
    if (row) rows.push(row);
  }
  return { cpus, rows };
}

/** One row. @param cpuCount columns of counts at most; a row cut out of its table tells by itself how many it has */
export function interruptRow(text: string, line: number, cpuCount = 8192): InterruptRow | undefined {
  const name = /^ {0,12}([0-9A-Z]{1,8}):/.exec(text);
  if (!name) return undefined;
  const words = text.slice(name[0].length).trim().split(/\s+/);
  const counts: number[] = [];
  while (counts.length < cpuCount && /^\d{1,20}$/.test(words[0] ?? '')) counts.push(Number(words.shift()));
  if (counts.length === 0) return undefined;
  const row: InterruptRow = { line, irq: name[1]!, counts, actions: [] };
  if (!/^\d+$/.test(row.irq)) return { ...row, actions: words.length > 0 ? [words.join(' ')] : [] };
  const edge = words.findIndex((word) => /-(?:edge|fasteoi|level)$|^(?:edge|fasteoi|level)$/.test(word));
  if (edge >= 0) {
    row.chip = words.slice(0, Math.max(edge, 1)).join(' ');
    row.hwirq = words[edge]!;
    if (edge === 0) row.chip = words[0]!;
    // `IO-APIC   2-edge` and `PCI-MSI 49152-edge` alike: what follows are the actions.
    row.actions = splitActions(words.slice(edge + 1).join(' '));
    const device = bdf.exec(row.chip);
    if (device) row.device = device[1]!;
  } else if (words.length > 0) {
    row.chip = words[0]!;
    row.actions = splitActions(words.slice(1).join(' '));
  }
  return row;
}

function splitActions(text: string): string[] {
  return text === '' ? [] : text.split(', ');
}
