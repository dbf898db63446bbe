/**
 * A line of a customer's file as facts, whatever the file is: kernel log, journal, QEMU's log, /proc/interrupts, lspci,
 * a crash print, a trace, or all of these pasted into one report.
 */
import { type InterruptRow, interruptRow } from '../interrupts.ts';
import { clean, kernelRecords } from '../kernel-log/line.ts';
import { type KernelFact, parseKernelMessage } from '../kernel-log/parse.ts';
import { type LspciFunction, parseLspci } from '../lspci.ts';
import { parseStderrText, type StderrFact } from '../qemu-stderr.ts';
import { type ContextFact, parseContext } from './context.ts';
import { type CutLine, parseCutLine } from './cut-line.ts';
import { type MatrixPrint, parseMatrixPrint } from './matrix-print.ts';
import { type OtherTrouble, parseOtherTrouble } from './other-trouble.ts';
import { isBareDate, plainText, type Unwrapped, unwrap } from './prefix.ts';

export type LogFact =
  | KernelFact
  | StderrFact
  | ContextFact
  | OtherTrouble
  | CutLine
  | MatrixPrint
  | { kind: 'interrupt-row'; row: InterruptRow }
  | { kind: 'pci-function'; fn: LspciFunction }
  /** A vector_* event of a trace that says "no space": −28. */
  | { kind: 'traced-no-space'; event: string; irq: number }
  /** Prose or source code about the race between freeing and requesting a vector: no witness. */
  | { kind: 'mention'; of: 'vector-setup-race' };

export interface FoundFact {
  fact: LogFact;
  line: number;
  text: string;
}

/** A line's kind, for the question what a file is; `other` tells nothing. */
export type LineKind = 'kernel' | 'journal' | 'interrupts' | 'lspci' | 'qemu' | 'matrix' | 'trace' | 'other';

const pciHead = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] /;
const interruptsHead = /^\s{0,20}CPU\d{1,5}(?:\s+CPU\d|\s*$)/;
const row = /^\s{0,12}\d{1,7}:(?:\s+\d{1,20}){1,8192}\s+\S/;
const traceLine = /^\s{0,24}.{1,40}-\d{1,10}\s.{0,40}\[\d{3,5}\].{0,40}: [a-z_]{3,40}: /;
const noSpace = /\b(vector_\w{1,24}): irq=(\d{1,7}) .{0,60}ret=-28\b/;
// Where a message begins that stands in the middle of something: an unknown wrapper, a sentence.
const starts =
  /genirq: Flags mismatch|(?:do_IRQ|_*common_interrupt): \d|No irq handler for \d|irq \d{1,7}: nobody cared|Disabling IRQ #|virtio_blk(?: virtio\d{1,6})?: prob|Interrupt reservation exceeds|\S{2,24} [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]: (?:AER: |PCIe Bus)/;

const longestBlock = 400;

interface Block {
  of: 'matrix' | 'pci' | 'handlers';
  lines: string[];
  first: number;
}

/** Reads line after line; blocks are put together before they are parsed. Never throws. */
export class FactReader {
  readonly #found: (found: FoundFact) => void;
  #block: Block | undefined;

  constructor(found: (found: FoundFact) => void) {
    this.#found = found;
  }

  /** @returns true: the next line belongs to a block, so it is wanted whatever it holds */
  line(raw: string, line: number): boolean {
    const text = plainText(clean(raw));
    if (this.#block && this.#inBlock(this.#block, text, raw, line)) return true;
    if (text.includes('matrix_bits = ')) {
      this.#block = { of: 'matrix', lines: [text], first: line };
      return true;
    }
    if (pciHead.test(text.trimStart())) {
      this.#block = { of: 'pci', lines: [text.trimStart()], first: line };
      return true;
    }
    return this.#single(text, raw, line);
  }

  /** The lines to come belong to something that began before them. */
  get inBlock(): boolean {
    return this.#block !== undefined;
  }

  end(): void {
    this.#close();
  }

  #single(text: string, raw: string, line: number): boolean {
    if (row.test(text) && /-(?:edge|fasteoi|level)\b/.test(text)) {
      const parsed = interruptRow(text, line);
      if (parsed) this.#found({ fact: { kind: 'interrupt-row', row: parsed }, line, text: raw });
      return false;
    }
    const traced = noSpace.exec(text);
    if (traced) {
      const fact: LogFact = { kind: 'traced-no-space', event: traced[1]!, irq: Number(traced[2]) };
      this.#found({ fact, line, text: raw });
      return false;
    }
    let wantsNext = false;
    for (const record of kernelRecords({ file: '', machine: '', line, text })) {
      const fact = factOf(unwrap(record.message));
      if (!fact) continue;
      this.#found({ fact, line, text: raw });
      // The names of the error's bits follow, in lines that hold no word of their own.
      if (fact.kind === 'aer-status' || fact.kind === 'aer-bit') wantsNext = true;
      if (fact.kind === 'irq-handlers') {
        this.#block = { of: 'handlers', lines: [], first: line };
        wantsNext = true;
      }
    }
    return wantsNext;
  }

  /** @returns false: the block ended before this line, which is still to be read */
  #inBlock(block: Block, text: string, raw: string, line: number): boolean {
    const isOver = block.lines.length >= longestBlock || blockEnds(block.of, text);
    if (block.of === 'handlers') {
      const fact = isOver ? undefined : handlerOf(text);
      if (!fact) {
        this.#block = undefined;
        return false;
      }
      block.lines.push(text);
      this.#found({ fact, line, text: raw });
      return true;
    }
    if (!isOver) {
      block.lines.push(text);
      return true;
    }
    this.#close();
    return false;
  }

  #close(): void {
    const block = this.#block;
    this.#block = undefined;
    if (!block) return;
    const at = { line: block.first, text: block.lines[0] ?? '' };
    if (block.of === 'matrix') {
      const fact = parseMatrixPrint(block.lines);
      const shown = Math.max(
        block.lines.findIndex((text) => text.includes('global_available')),
        0,
      );
      if (fact) this.#found({ fact, line: block.first + shown, text: block.lines[shown]! });
    }
    if (block.of === 'pci') {
      for (const fn of parseLspci(block.lines.join('\n')).slice(0, 1))
        this.#found({ fact: { kind: 'pci-function', fn }, ...at });
    }
  }
}

function blockEnds(of: Block['of'], text: string): boolean {
  if (of === 'matrix') return /^\s{0,20}\}/.test(text) || text.trim() === '';
  if (of === 'pci') return !/^(?:\s|`)/.test(text) || text.trim() === '' || pciHead.test(text.trimStart());
  return false;
}

/** One handler of the list; the pointers may have been lost on the way, the names stand all the same. */
function handlerOf(text: string): KernelFact | undefined {
  const [record] = kernelRecords({ file: '', machine: '', line: 0, text });
  const message = record ? unwrap(record.message).message : '';
  const fact = parseKernelMessage(message);
  if (fact?.kind === 'irq-handler') return fact;
  const bare = /^([A-Za-z_][\w.]{2,80})(?: \[([\w-]{1,40})\])?(?: threaded ([A-Za-z_][\w.]{2,80}))?\s*$/.exec(
    message,
  );
  if (!bare) return undefined;
  return {
    kind: 'irq-handler',
    handler: bare[1]!,
    ...(bare[2] === undefined ? {} : { module: bare[2] }),
    ...(bare[3] === undefined ? {} : { thread: bare[3] }),
  };
}

function factOf(line: Unwrapped): LogFact | undefined {
  const { message, ident } = line;
  const fromKernel = ident === undefined || ident === 'kernel';
  const context = parseContext(message, ident);
  if (context) return context;
  if (fromKernel) {
    const fact = parseKernelMessage(message);
    if (fact && fact.kind !== 'suppressed') return fact;
  }
  const qemu = parseStderrText(message);
  if (qemu) return otherwise(qemu, message);
  if (fromKernel && ident === undefined) {
    const at = message.search(starts);
    const fact = at > 0 ? parseKernelMessage(message.slice(at)) : undefined;
    if (fact) return fact;
  }
  if (mentionsRace(message)) return { kind: 'mention', of: 'vector-setup-race' };
  return parseOtherTrouble(message) ?? parseCutLine(message);
}

/** QEMU's general "failed" gives way to what we know better. */
function otherwise(fact: StderrFact, message: string): LogFact {
  return (fact.kind === 'vfio-failed' ? parseOtherTrouble(message) : undefined) ?? fact;
}

function mentionsRace(message: string): boolean {
  const hints = [
    'VECTOR_SHUTDOWN',
    'VECTOR_UNUSED',
    'vector_irq[',
    'free_irq',
    'request_irq',
    'vfio_msi_set_vector_signal',
  ];
  return hints.filter((hint) => message.includes(hint)).length >= 3;
}

/** What kind of file a line speaks for. */
export function lineKind(raw: string): LineKind {
  const text = plainText(clean(raw));
  if (interruptsHead.test(text) || (row.test(text) && /-(?:edge|fasteoi|level)\b/.test(text)))
    return 'interrupts';
  if (pciHead.test(text)) return 'lspci';
  if (text.includes('matrix_bits = ')) return 'matrix';
  if (traceLine.test(text) || text.startsWith('# tracer: ')) return 'trace';
  const records = kernelRecords({ file: '', machine: '', line: 0, text });
  const [record] = records;
  if (!record) return 'other';
  const { message, ident, stamp } = unwrap(record.message);
  if (parseStderrText(message) || /^(?:kvm|qemu-system-\w{1,20}|QEMU)[:[ ]/.test(message) || ident === 'QEMU')
    return 'qemu';
  if (ident !== undefined) return 'journal';
  const isDmesg = message !== record.message.trim() && !isBareDate(record.message);
  // syslog's own words before a stamp are a record of their own.
  const isStamped = stamp !== undefined || records.some((each) => each.stamp !== undefined);
  if (isStamped || isDmesg) return 'kernel';
  return parseKernelMessage(message) ? 'kernel' : 'other';
}
