/** `vflab ledger RUN_FOLDER|FILES…`: every interrupt that a machine's devices raised, and what became of it. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, isKnownError, UsageError } from '../errors.ts';
import { looksLikeTrace } from '../evidence/ftrace/line.ts';
import { LineCutter } from '../evidence/ftrace/lines.ts';
import { kernelLines } from '../evidence/kernel-log/line.ts';
import { kernelEvents } from '../evidence/kernel-log/parse.ts';
import { readQemuTraceLine } from '../evidence/qemu-trace.ts';
import { plainLines } from '../evidence/source.ts';
import type { Pointer } from '../model/ledger/explain.ts';
import { type LedgerFiles, ledgerText } from '../report/ledger-text.ts';
import { LedgerReader, type LedgerResult } from '../verdict/ledger.ts';
import type { CommandContext } from './context.ts';
import { readLog } from './log-input.ts';

/** Names in a run folder. */
const inFolder = { device: 'host.qemu-trace', kernel: 'host.vectors', log: 'host.dmesg' };

/**
 * @param given a variant's folder, or the two traces and, if there is one, the kernel's log; which is which is seen.
 * @returns 0 when every interrupt is accounted for, 1 when some are lost.
 * @throws UsageError NO_SUCH_TRACE, NO_LEDGER, CLOCKS_NOT_TIED
 */
export async function ledger(
  { cwd, out }: CommandContext,
  given: readonly string[],
  options: { json?: boolean },
): Promise<number> {
  const files = await chooseFiles(given, cwd);
  const reader = new LedgerReader();
  await eachLine(cwd, files.device, (line) => reader.qemuLine(line));
  await eachLine(cwd, files.kernel, (line) => reader.kernelLine(line));
  if (files.log !== undefined) {
    const lines: string[] = [];
    await eachLine(cwd, files.log, (line) => lines.push(line));
    for (const event of kernelEvents(kernelLines(plainLines(files.log, 'host', lines.join('\n')))))
      reader.logEvent(event);
  }
  const result = reader.close();
  if (!result)
    throw new UsageError(`no mark of vflab is in both ${files.device} and ${files.kernel}`, {
      code: 'CLOCKS_NOT_TIED',
      next: 'record with `ledger: true` in the lab, which writes the marks (docs/ledger.md)',
    });
  if (options.json) out.write(json(files, result));
  else {
    const texts = await textsOf(files, pointersOf(result), cwd);
    const textOf = ({ from, line }: Pointer) => texts.get(`${from}:${line}`);
    out.write(ledgerText(result, { files, style: out.style, textOf }));
  }
  return result.totals.counts.lost > 0 ? exitCodes.notAsExpected : exitCodes.asExpected;
}

async function chooseFiles(given: readonly string[], cwd: string): Promise<LedgerFiles> {
  const [folder] = given;
  const found: Partial<LedgerFiles> = {};
  if (given.length === 1 && statSync(resolve(cwd, folder!), { throwIfNoEntry: false })?.isDirectory()) {
    for (const [kind, name] of Object.entries(inFolder))
      if (existsSync(join(resolve(cwd, folder!), name)))
        found[kind as keyof LedgerFiles] = join(folder!, name);
  } else for (const file of given) found[await kindOf(cwd, file)] = file;
  const { device, kernel, log } = found;
  if (device !== undefined && kernel !== undefined) return { device, kernel, log };
  const missing = [
    ...(device === undefined ? ["a trace of QEMU's (host.qemu-trace)"] : []),
    ...(kernel === undefined ? ["the kernel's ftrace text (host.vectors)"] : []),
  ];
  throw new UsageError(`a ledger needs two traces, and ${missing.join(' and ')} is not there`, {
    code: 'NO_LEDGER',
    next: 'give the folder of a variant whose lab says `ledger: true`, or both files',
  });
}

/** By its first lines that say so. */
async function kindOf(cwd: string, file: string): Promise<keyof LedgerFiles> {
  let kind: keyof LedgerFiles | undefined;
  let lines = 0;
  await eachLine(cwd, file, (line) => {
    lines += 1;
    if (readQemuTraceLine(line).type !== 'unreadable') kind = 'device';
    else if (looksLikeTrace(line)) kind = 'kernel';
    return kind === undefined && lines < 1000;
  });
  return kind ?? 'log';
}

/** @param take returns false when it has enough. One character a byte; what is packed is unpacked. */
async function eachLine(cwd: string, file: string, take: (line: string) => unknown): Promise<void> {
  const cutter = new LineCutter();
  // Of half a trace every interrupt of the other half would look lost.
  let cut: string | undefined;
  try {
    // Read more than once, so that it cannot be stdin.
    for await (const piece of readLog(cwd, file === '-' ? './-' : file, (why) => (cut = why)))
      for (const line of cutter.push(piece)) if (take(line) === false) return;
  } catch (error) {
    if (isKnownError(error) && error.code !== 'NO_SUCH_LOG') throw error;
    throw noTrace((error as Error).message, error);
  }
  if (cut !== undefined) throw noTrace(`${file}: ${cut}`);
  for (const line of cutter.end()) take(line);
}

function noTrace(message: string, cause?: unknown): UsageError {
  return new UsageError(message, { code: 'NO_SUCH_TRACE', next: 'give the path of a trace', cause });
}

function pointersOf({ entries, pending }: LedgerResult): Pointer[] {
  const messages = entries.map(({ line }): Pointer => ({ from: 'device', line }));
  return [...messages, ...entries.flatMap((e) => e.evidence), ...pending.flatMap((p) => p.evidence)];
}

/** The lines that the report quotes, read once more: to keep them all would be to keep the files. */
async function textsOf(
  files: LedgerFiles,
  pointers: readonly Pointer[],
  cwd: string,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const from of ['device', 'kernel', 'log'] as const) {
    const wanted = new Set(pointers.filter((at) => at.from === from).map(({ line }) => line));
    const file = files[from];
    if (wanted.size === 0 || file === undefined) continue;
    let number = 0;
    await eachLine(cwd, file, (line) => {
      number += 1;
      if (wanted.has(number)) texts.set(`${from}:${number}`, line);
    });
  }
  return texts;
}

function json(files: LedgerFiles, result: LedgerResult): string {
  const rows = result.rows.map(({ slots, ...row }) => ({
    ...row,
    vectors: [...slots].map((slot) => ({ cpu: Math.floor(slot / 256), vector: slot % 256 })),
  }));
  return `${JSON.stringify({ files, ...result, rows }, null, 2)}\n`;
}
