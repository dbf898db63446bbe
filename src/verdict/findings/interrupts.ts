/** Interrupts that a device of the host raised and no handler ever saw, where the run kept a ledger. */
import { splitLines } from '../../evidence/source.ts';
import type { Entry } from '../../model/ledger/book.ts';
import type { Pointer } from '../../model/ledger/explain.ts';
import type { RunFacts } from '../facts.ts';
import { LedgerReader } from '../ledger.ts';
import type { Evidence, Finding } from '../types.ts';

const files = { device: 'host.qemu-trace', kernel: 'host.vectors', log: 'host.dmesg' };
/** Lost interrupts that one finding quotes. */
const quoted = 5;

export function interruptFindings(facts: RunFacts): Finding[] {
  const device = facts.files(files.device);
  const kernel = facts.files(files.kernel);
  if (device === undefined || kernel === undefined) return [];
  const texts = { device: splitLines(device), kernel: splitLines(kernel) };
  const reader = new LedgerReader();
  for (const line of texts.device) reader.qemuLine(line);
  for (const line of texts.kernel) reader.kernelLine(line);
  const log = facts.history.machines.get('host')?.kernel ?? [];
  for (const { event } of log) reader.logEvent(event);
  const result = reader.close();
  const lost = result?.entries.filter(({ outcome }) => outcome === 'lost') ?? [];
  if (!result || lost.length === 0) return [];
  const at = ({ from, line }: Pointer): Evidence => {
    // The log's lines are numbered in the file that they were first seen in.
    const event = from === 'log' ? log.find(({ event: e }) => e.at.line === line)?.event.at : undefined;
    const text = from === 'log' ? event?.text : texts[from][line - 1];
    return { file: event?.file ?? files[from], line, text: text ?? '', machine: 'host' };
  };
  const evidence = lost
    .slice(0, quoted)
    .flatMap((entry: Entry) => [at({ from: 'device', line: entry.line }), ...entry.evidence.map(at)]);
  const { sent, counts } = result.totals;
  return [
    {
      id: 'interrupt-unhandled',
      severity: 'error',
      title: `${lost.length} interrupt${lost.length === 1 ? '' : 's'} of the host raised and never handled`,
      text: `Of ${sent} messages ${counts.handled} were handled and ${counts.coalesced} coalesced. The first that was lost: ${lost[0]!.why}.`,
      evidence,
      rule: 'INTERRUPT-HANDLED',
    },
  ];
}
