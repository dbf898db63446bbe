/** `lspci -vvv` (or `-vvvnn`, with or without domain) as typed blocks: what AER checks need of each function. */
import { splitLines } from './source.ts';

/** A set of `Name+`/`Name-` flags, e.g. `{ CmpltTO: true, DLP: false }`. */
export type Flags = Record<string, boolean>;

export interface LspciFunction {
  /** 1-based line where its block begins. */
  line: number;
  /** `0000:01:00.0`; the domain 0000 is added where lspci left it out. */
  bdf: string;
  title: string;
  driver?: string;
  control?: Flags;
  status?: Flags;
  msix?: { enabled: boolean; masked: boolean; count: number };
  msi?: { enabled: boolean };
  /** Linux irq of its INTx pin (`-vvv`, which names the pin too), or of what is in use (`-v`). */
  interrupt?: { pin?: string; irq: number };
  devSta?: Flags;
  ueSta?: Flags;
  ueMsk?: Flags;
  ueSvrt?: Flags;
  ceSta?: Flags;
  ceMsk?: Flags;
  rootSta?: Flags;
  headerLog?: string;
  sriov?: { enabled: boolean; numVfs: number; totalVfs: number; offset?: number; stride?: number };
  /** `!!! Unknown header type 7f` or config space all ones: the function does not answer. */
  gone: boolean;
}

const head = /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) (.*)$/;

/** Flags of one line; `>TAbort-` and `<TAbort-` stay apart. */
export function parseFlags(text: string): Flags {
  const flags: Flags = {};
  for (const word of text.split(/\s+/)) {
    const sign = word.at(-1);
    if (word.length > 1 && (sign === '+' || sign === '-')) flags[word.slice(0, -1)] = sign === '+';
  }
  return flags;
}

const flagLines = {
  'Control:': 'control',
  'Status:': 'status',
  'DevSta:': 'devSta',
  'UESta:': 'ueSta',
  'UEMsk:': 'ueMsk',
  'UESvrt:': 'ueSvrt',
  'CESta:': 'ceSta',
  'CEMsk:': 'ceMsk',
  'RootSta:': 'rootSta',
} as const;

/** Every function of the listing, in order. Never throws. */
export function parseLspci(text: string): LspciFunction[] {
  const functions: LspciFunction[] = [];
  let current: LspciFunction | undefined;
  let last: Flags | undefined;
  for (const [index, raw] of splitLines(text).entries()) {
    const line = raw.slice(0, 4096);
    const begin = head.exec(line);
    if (begin) {
      const bdf = begin[1]!.length > 7 ? begin[1]! : `0000:${begin[1]!}`;
      current = { line: index + 1, bdf, title: begin[2]!, gone: /\(rev ff\)/.test(line) };
      functions.push(current);
      last = undefined;
    } else if (current) {
      const text = line.trim();
      // Newer pciutils break long flag lines; what follows has flags only.
      if (last && /^(?:[A-Za-z]{1,20}[+-] ?){1,40}$/.test(text)) Object.assign(last, parseFlags(text));
      else last = readLine(current, text);
    }
  }
  return functions;
}

/** @returns the flags that a next line may go on with */
function readLine(into: LspciFunction, text: string): Flags | undefined {
  const word = text.split(/\s/, 1)[0]!;
  const key = flagLines[word as keyof typeof flagLines];
  // The power management capability has a `Status:` line of its own further down: the first one counts.
  if (key !== undefined) {
    const flags = parseFlags(text.slice(word.length));
    // A root port has a RootSta in its PCI Express and one in its AER capability: both belong here.
    if (key === 'rootSta') into[key] = { ...into[key], ...flags };
    else into[key] ??= flags;
    return key === 'control' || key === 'status' ? undefined : into[key];
  }
  if (text.startsWith('Kernel driver in use: ')) into.driver = text.slice(22).trim();
  else if (text.startsWith('!!! Unknown header type')) into.gone = true;
  else if (text.startsWith('Interrupt: pin ')) {
    const routed = /^Interrupt: pin ([A-D]) routed to IRQ (\d{1,7})/.exec(text);
    if (routed) into.interrupt = { pin: routed[1]!, irq: Number(routed[2]) };
  } else if (text.startsWith('Flags: ')) {
    const irq = /, IRQ (\d{1,7})(?:,|$)/.exec(text);
    if (irq) into.interrupt ??= { irq: Number(irq[1]) };
  } else if (text.startsWith('HeaderLog: ')) into.headerLog = text.slice(11).trim();
  else if (text.startsWith('Capabilities: ')) readCapability(into, text);
  else if (text.startsWith('IOVCtl:')) sriov(into).enabled = parseFlags(text).Enable === true;
  else if (text.startsWith('Initial VFs:')) {
    sriov(into).numVfs = numberAfter(text, 'Number of VFs: ');
    sriov(into).totalVfs = numberAfter(text, 'Total VFs: ');
  } else if (text.startsWith('VF offset: ')) {
    sriov(into).offset = numberAfter(text, 'VF offset: ');
    sriov(into).stride = numberAfter(text, 'stride: ');
  }
  return undefined;
}

function readCapability(into: LspciFunction, text: string): void {
  const msix = /MSI-X: Enable([+-]) Count=(\d{1,5}) Masked([+-])/.exec(text);
  if (msix) into.msix = { enabled: msix[1] === '+', count: Number(msix[2]), masked: msix[3] === '+' };
  const msi = /MSI: Enable([+-])/.exec(text);
  if (msi) into.msi = { enabled: msi[1] === '+' };
}

function sriov(into: LspciFunction) {
  into.sriov ??= { enabled: false, numVfs: 0, totalVfs: 0 };
  return into.sriov;
}

function numberAfter(text: string, label: string): number {
  const at = text.indexOf(label);
  const value =
    at < 0 ? Number.NaN : Number.parseInt(text.slice(at + label.length, at + label.length + 12), 10);
  return Number.isNaN(value) ? 0 : value;
}
