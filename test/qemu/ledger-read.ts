/** A ledger from a folder, as `vflab ledger` reads it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelLines } from '../../src/evidence/kernel-log/line.ts';
import { kernelEvents } from '../../src/evidence/kernel-log/parse.ts';
import { plainLines, splitLines } from '../../src/evidence/source.ts';
import { LedgerReader, type LedgerResult } from '../../src/verdict/ledger.ts';

export function readLedger(folder: string): LedgerResult {
  const text = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  };
  return ledgerOf(text('host.qemu-trace'), text('host.vectors'), text('host.dmesg'));
}

export function ledgerOf(qemu: string, kernel: string, log = ''): LedgerResult {
  const reader = new LedgerReader();
  for (const line of splitLines(qemu)) reader.qemuLine(line);
  for (const line of splitLines(kernel)) reader.kernelLine(line);
  for (const event of kernelEvents(kernelLines(plainLines('host.dmesg', 'host', log))))
    reader.logEvent(event);
  const result = reader.close();
  if (!result) throw new Error('no mark in both traces');
  return result;
}
