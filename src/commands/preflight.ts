/** `vflab preflight`: which assignments will collide on an interrupt line, before a VM is started. */
import { Casebook } from '../diagnose/casebook.ts';
import { CaseFile } from '../diagnose/read.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { defaultAssignments, examine } from '../preflight/examine.ts';
import { inventoryFromLogs } from '../preflight/from-logs.ts';
import type { Assignment, Inventory } from '../preflight/types.ts';
import { preflightText } from '../report/preflight-text.ts';
import type { CommandContext } from './context.ts';
import { readLog } from './log-input.ts';
import { liveInventory } from './preflight-live.ts';

export interface PreflightOptions {
  from?: string[];
  vm?: string[];
  nointxmask?: boolean;
  probe?: boolean;
  json?: boolean;
}

/**
 * @returns 0 when nothing collides, 1 when something will, 3 when it cannot be told, 4 when there is nothing to look at
 * @throws UsageError BAD_ASSIGNMENT, NO_SUCH_LOG, PACKED_LOG, NOT_A_LOG, BAD_COMMAND_LINE; EnvironmentError NO_PCI, PROBE_REFUSED
 */
export async function preflight(context: CommandContext, options: PreflightOptions): Promise<number> {
  const { cwd, out, err } = context;
  const asked = parseAssignments(options.vm ?? []);
  if (options.from && options.probe)
    throw new UsageError('stored files cannot be probed', {
      code: 'BAD_COMMAND_LINE',
      next: 'leave out --probe, or --from',
    });
  const first = options.from
    ? await fromFiles(cwd, options.from, (text) => err.write(text))
    : liveInventory({});
  const inventory = (found: Inventory): Inventory =>
    options.nointxmask === undefined ? found : { ...found, nointxmask: options.nointxmask };
  const assignments = asked.length > 0 ? asked : defaultAssignments(inventory(first));
  const probe = options.probe ? assignments.flatMap(({ bdfs }) => bdfs) : [];
  const whole = inventory(probe.length > 0 ? liveInventory({ probe }) : first);
  const report = examine(whole, assignments);
  out.write(
    options.json
      ? `${JSON.stringify({ ...report, assignments }, null, 2)}\n`
      : preflightText(report, whole, assignments, out.style),
  );
  if (assignments.length === 0) return exitCodes.nothingRan;
  if (report.answer === 'collides') return exitCodes.notAsExpected;
  return report.answer === 'unknown' ? exitCodes.labBroke : exitCodes.asExpected;
}

/** `NAME=01:00.0,0000:04:00.0`; without NAME= it is called after its first function. */
export function parseAssignments(words: readonly string[]): Assignment[] {
  const all = words.map((word): Assignment => {
    const at = word.indexOf('=');
    const list = at < 0 ? word : word.slice(at + 1);
    const bdfs = list.split(',').map((bdf) => {
      const m = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/.exec(bdf.trim().toLowerCase());
      if (!m)
        throw new UsageError(`--vm ${word}: "${bdf}" is not a PCI address`, {
          code: 'BAD_ASSIGNMENT',
          next: 'write --vm NAME=01:00.0,04:00.0',
        });
      return `${m[1] ?? '0000'}:${m[2]}`;
    });
    return { vm: at > 0 ? word.slice(0, at) : `the VM of ${bdfs[0]}`, bdfs };
  });
  const owner = new Map<string, string>();
  for (const { vm, bdfs } of all) {
    for (const bdf of bdfs) {
      const other = owner.get(bdf);
      if (other !== undefined)
        throw new UsageError(`${bdf} is given twice, to ${other} and to ${vm}`, {
          code: 'BAD_ASSIGNMENT',
          next: 'a function goes to one VM',
        });
      owner.set(bdf, vm);
    }
  }
  return all;
}

async function fromFiles(
  cwd: string,
  files: readonly string[],
  say: (text: string) => void,
): Promise<Inventory> {
  const book = new Casebook();
  for (const file of files) {
    const one = new CaseFile(file === '-' ? '<stdin>' : file, book);
    const pieces = readLog(cwd, file, (why) => say(`${file}: ${why}\n`));
    for await (const piece of pieces) one.push(piece);
    one.end();
  }
  const inventory = inventoryFromLogs(book);
  if (inventory.functions.length === 0)
    throw new UsageError(`${files.join(', ')}: no PCI function in it`, {
      code: 'NOT_A_LOG',
      next: 'give the output of lspci -vvvnn, and /proc/interrupts',
    });
  return inventory;
}
