/** `vflab diagnose FILES…`: from a customer's files to the root cause, with its proof and what to do. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { Casebook } from '../diagnose/casebook.ts';
import { diagnose as answer } from '../diagnose/diagnose.ts';
import { CaseFile } from '../diagnose/read.ts';
import type { FileRead, Report } from '../diagnose/types.ts';
import { EnvironmentError, exitCodes, UsageError } from '../errors.ts';
import { diagnosisText } from '../report/diagnosis-text.ts';
import type { CommandContext } from './context.ts';
import { readLog } from './log-input.ts';

export interface DiagnoseOptions {
  json?: boolean;
  lab?: string;
}

/**
 * @param files `-` is stdin. Each is read once, in constant memory.
 * @returns 0 when nothing is wrong with interrupts, 1 when something is, 4 when the files cannot tell
 * @throws UsageError NO_SUCH_LOG, PACKED_LOG, NOT_A_LOG, NO_LAB_FOR_THIS, LAB_EXISTS; EnvironmentError UNPACKER_MISSING, OUTPUT_FAILED
 */
export async function diagnose(
  { cwd, out, err }: CommandContext,
  files: readonly string[],
  options: DiagnoseOptions,
): Promise<number> {
  const book = new Casebook();
  const read: FileRead[] = [];
  for (const file of files) read.push(await readFile(cwd, file, book));
  const report = answer(book, read);
  if (report.answer === 'unknown' && read.every((file) => file.kinds.length === 0))
    throw new UsageError(`${read.map(nothingIn).join('; ')}`, {
      code: 'NOT_A_LOG',
      next: 'give a kernel log (dmesg, journalctl -k), QEMU’s log, /proc/interrupts, lspci -vvv, or a crash print; packed or not',
    });
  out.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : diagnosisText(report, out.style));
  if (options.lab !== undefined) writeLab(cwd, options.lab, report, (text) => err.write(text));
  return exitCode(report);
}

async function readFile(cwd: string, file: string, book: Casebook): Promise<FileRead> {
  const shown = file === '-' ? '<stdin>' : file;
  const one = new CaseFile(shown, book);
  let partial: string | undefined;
  const pieces = readLog(cwd, file, (why) => {
    partial = why;
  });
  for await (const piece of pieces) one.push(piece);
  return one.end(partial);
}

function nothingIn({ file, bytes, lines }: FileRead): string {
  if (bytes === 0) return `${file} is empty`;
  return `${file} holds nothing that can be read as a log (${lines} lines, ${bytes} bytes)`;
}

function exitCode({ answer, unexplained }: Report): number {
  if (answer === 'root-cause' || unexplained.length > 0) return exitCodes.notAsExpected;
  return answer === 'unknown' ? exitCodes.nothingRan : exitCodes.asExpected;
}

const mark = '# Made by vflab diagnose';

/** A file that somebody wrote: `--lab` may have been taken for a lab to read. */
function isOthers(file: string): boolean {
  if (!existsSync(file) || !statSync(file).isFile()) return false;
  try {
    return !readFileSync(file, 'utf8').startsWith(mark);
  } catch {
    return true;
  }
}

/** The lab of the first diagnosis that has one. */
function writeLab(cwd: string, path: string, report: Report, say: (text: string) => void): void {
  const found = report.diagnoses.find((one) => one.lab.available);
  if (!found?.lab.available) {
    const first = report.diagnoses[0];
    const why =
      first && !first.lab.available ? first.lab.why : 'nothing was found that a lab could reproduce';
    throw new UsageError(`no lab written: ${why}`, {
      code: 'NO_LAB_FOR_THIS',
      next: '`vflab list` shows the labs there are',
    });
  }
  const file = resolve(cwd, path);
  if (isOthers(file))
    throw new UsageError(`${path} is there already, and not a lab that diagnose made: it is left alone`, {
      code: 'LAB_EXISTS',
      next: '--lab NEW_FILE.yaml, which is written',
    });
  const head = `${mark}: ${found.id} (${found.confidence}).\n# ${found.lab.scale}.\n`;
  try {
    writeFileSync(file, `${head}${stringify(found.lab.lab, { lineWidth: 110 })}`);
  } catch (error) {
    throw new EnvironmentError(`${path} cannot be written: ${(error as Error).message}`, {
      code: 'OUTPUT_FAILED',
      next: 'give a path in a folder that is there and can be written',
      cause: error,
    });
  }
  say(`${path}: a lab of ${found.id}, scaled to this machine: ${found.lab.scale}\n`);
}
