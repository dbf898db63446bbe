/** The interrupt ledger of a run that kept one, read once. */
import { splitLines } from '../evidence/source.ts';
import type { Entry } from '../model/ledger/book.ts';
import type { Pointer } from '../model/ledger/explain.ts';
import type { Files, RunFacts } from './facts.ts';
import { LedgerReader, type LedgerResult } from './ledger.ts';
import type { Evidence } from './types.ts';

const files = { device: 'host.qemu-trace', kernel: 'host.vectors', log: 'host.dmesg' };
/** Interrupts that one finding quotes. */
const quoted = 5;

export interface RunLedger {
  result: LedgerResult;
  lost: Entry[];
  /** Freed with their irq while their device went on; see `discarded` of Explanation. */
  discarded: Entry[];
  /** The lines of the first few of these. */
  evidence: (entries: readonly Entry[]) => Evidence[];
}

const read = new WeakMap<RunFacts['history'], RunLedger | undefined>();

/** @returns undefined where the run has no traces, or none that can be set against each other. */
export function runLedger(facts: RunFacts): RunLedger | undefined {
  if (!read.has(facts.history)) read.set(facts.history, readLedger(facts));
  return read.get(facts.history);
}

function readLedger(facts: RunFacts): RunLedger | undefined {
  const device = linesOf(facts.files, files.device);
  const kernel = linesOf(facts.files, files.kernel);
  if (device === undefined || kernel === undefined) return undefined;
  const reader = new LedgerReader();
  for (const line of device) reader.qemuLine(line);
  for (const line of kernel) reader.kernelLine(line);
  const log = facts.history.machines.get('host')?.kernel ?? [];
  for (const { event } of log) reader.logEvent(event);
  const result = reader.close();
  if (!result) return undefined;
  const at = (pointers: readonly Pointer[]): Evidence[] => {
    const texts = {
      device: textsOf(facts.files, files.device, numbers(pointers, 'device')),
      kernel: textsOf(facts.files, files.kernel, numbers(pointers, 'kernel')),
    };
    return pointers.map(({ from, line }) => {
      // The log's lines are numbered in the file that they were first seen in.
      const event = from === 'log' ? log.find(({ event: e }) => e.at.line === line)?.event.at : undefined;
      const text = from === 'log' ? event?.text : texts[from].get(line);
      return { file: event?.file ?? files[from], line, text: text ?? '', machine: 'host' };
    });
  };
  return {
    result,
    lost: result.entries.filter(({ outcome }) => outcome === 'lost'),
    discarded: result.entries.filter(({ discarded }) => discarded),
    evidence: (entries) =>
      at(
        entries
          .slice(0, quoted)
          .flatMap((entry): Pointer[] => [{ from: 'device', line: entry.line }, ...entry.evidence]),
      ),
  };
}

function linesOf(read: Files, name: string): Iterable<string> | undefined {
  if (read.lines) return read.lines(name);
  const text = read(name);
  return text === undefined ? undefined : splitLines(text);
}

function numbers(pointers: readonly Pointer[], wanted: Pointer['from']): Set<number> {
  return new Set(pointers.filter(({ from }) => from === wanted).map(({ line }) => line));
}

/** Those lines of a file, by their numbers (from 1). Read again: kept, they would fill the memory. */
function textsOf(read: Files, name: string, wanted: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  let line = 0;
  if (wanted.size > 0)
    for (const text of linesOf(read, name) ?? []) {
      line += 1;
      if (wanted.has(line)) found.set(line, text);
      if (found.size === wanted.size) break;
    }
  return found;
}
