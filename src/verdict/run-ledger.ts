/** The interrupt ledger of a run that kept one, read once. */
import { splitLines } from '../evidence/source.ts';
import type { Entry } from '../model/ledger/book.ts';
import type { Pointer } from '../model/ledger/explain.ts';
import type { RunFacts } from './facts.ts';
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
  const device = facts.files(files.device);
  const kernel = facts.files(files.kernel);
  if (device === undefined || kernel === undefined) return undefined;
  const texts = { device: splitLines(device), kernel: splitLines(kernel) };
  const reader = new LedgerReader();
  for (const line of texts.device) reader.qemuLine(line);
  for (const line of texts.kernel) reader.kernelLine(line);
  const log = facts.history.machines.get('host')?.kernel ?? [];
  for (const { event } of log) reader.logEvent(event);
  const result = reader.close();
  if (!result) return undefined;
  const at = ({ from, line }: Pointer): Evidence => {
    // The log's lines are numbered in the file that they were first seen in.
    const event = from === 'log' ? log.find(({ event: e }) => e.at.line === line)?.event.at : undefined;
    const text = from === 'log' ? event?.text : texts[from][line - 1];
    return { file: event?.file ?? files[from], line, text: text ?? '', machine: 'host' };
  };
  return {
    result,
    lost: result.entries.filter(({ outcome }) => outcome === 'lost'),
    discarded: result.entries.filter(({ discarded }) => discarded),
    evidence: (entries) =>
      entries
        .slice(0, quoted)
        .flatMap((entry) => [at({ from: 'device', line: entry.line }), ...entry.evidence.map(at)]),
  };
}
