/** A guest's QEMU as a process of the host: how it is started there, and how it ended where it did not come up. */
import { LabBrokeError } from '../errors.ts';
import { quoteCommand } from '../shell.ts';
import type { LinuxMachine } from './linux.ts';

/** A guest's QEMU ended before the guest ran. Its words are on record. */
export class GuestDidNotStart extends LabBrokeError {
  /** Exit status of QEMU as its shell gives it. */
  readonly status: number;

  constructor(id: string, words: readonly string[], status: number) {
    super(`${id}: QEMU in the host did not start`, { code: 'GUEST_QEMU_FAILED', lastLines: words.slice(-8) });
    this.status = status;
  }
}

/**
 * Starts QEMU and waits until its QMP port listens or it ended. It listens before its devices are there, so that it may
 * still be refused one. A shell stays with it, to keep its exit status in the file `exit`; as long as it runs, the file
 * `pid` names it, for whoever puts a real host back (real-host/restore.ts) and for the inventory of what it has open.
 */
export function launchScript(folder: string, command: readonly string[], qmpPort: number): string {
  const keeper = '"$@" < /dev/null > stdout 2> stderr & echo $! > pid; wait $!; s=$?; rm pid; echo $s > exit';
  return (
    `mkdir -p ${folder} && cd ${folder} && rm -f exit && : > stderr && ` +
    `{ setsid sh -c ${quoteCommand([keeper])} sh ${quoteCommand(command)} < /dev/null > /dev/null 2>&1 & } && ` +
    // State 0A is listening.
    `q=$(printf ':%04X .* 0A ' ${qmpPort}); ` +
    'until grep -q "$q" /proc/net/tcp; do [ ! -e exit ] || exit 1; sleep 0.05; done'
  );
}

/** What breaks first when QEMU ends is a connection; its exit status follows within this. */
const endBudgetSeconds = 5;

/**
 * Exit status of a QEMU that ended, and the bytes of its stderr from `known` on; undefined for one that has not ended.
 */
export async function endOf(
  host: LinuxMachine,
  folder: string,
  known: number,
  signal: AbortSignal,
): Promise<{ status: number; rest: string } | undefined> {
  const result = await host.run(
    `cd ${folder} && n=0; until [ -e exit ] || [ $n = ${endBudgetSeconds * 20} ]; do sleep 0.05; n=$((n+1)); done; ` +
      `cat exit && tail -c +${known + 1} stderr >&2`,
    signal,
  );
  if (result.exitCode !== 0) return undefined;
  return { status: Number.parseInt(result.stdout, 10), rest: result.stderr };
}
