/** The `replay` script of a run folder: the same run again, and the command line of every machine it started. */

import { quote, quoteCommand } from '../shell.ts';

export interface ReplayRequest {
  /** Command and arguments that started this run, the program first. */
  command: readonly string[];
  /** Folder it was started in. */
  cwd: string;
  /** Every QEMU that ran, in order. */
  machines: readonly ReplayMachine[];
}

export interface ReplayMachine {
  variant: string;
  /** `host`, or a guest (whose QEMU ran inside the host). */
  machine: string;
  /** Program first. */
  command: readonly string[];
}

export function replayScript({ command, cwd, machines }: ReplayRequest): string {
  const shown = machines.flatMap(({ variant, machine, command: qemu }) => [
    '',
    `# ${oneLine(variant)}: ${oneLine(machine)}${machine === 'host' ? '' : ' (inside the host)'}`,
    quoteCommand(qemu),
  ]);
  return [
    '#!/bin/sh',
    '# ./replay           the same run again, into a new folder',
    '# ./replay --print   only the commands: the run, and the QEMU of every machine',
    'set -eu',
    `if [ "\${1-}" = --print ]; then`,
    "  cat <<'END-OF-COMMANDS'",
    quoteCommand(command),
    ...shown,
    'END-OF-COMMANDS',
    '  exit 0',
    'fi',
    // The folder may have been carried to another machine, out of CI say.
    `if [ ! -d ${quote(cwd)} ] || ! command -v ${quote(command[0]!)} >/dev/null; then`,
    '  echo "This run was made on a machine that has" >&2',
    `  printf '  %s\\n' ${quote(cwd)} ${quote(command[0]!)} >&2`,
    '  echo "Here: $0 --print shows its command; vflab verdict $(dirname "$0") judges its evidence." >&2',
    '  exit 2',
    'fi',
    `cd ${quote(cwd)}`,
    `exec ${quoteCommand(command)} "$@"`,
    '',
  ].join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
