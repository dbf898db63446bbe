/**
 * The guardian: a process on the host that puts it back as it was, when we ask for it or when we have been silent
 * for a minute: killed, cut off, crashed. It is there before anything is touched, and it is the only one that
 * restores, so that the way that matters on the worst day is the one that is taken every day.
 */
import { LabBrokeError } from '../errors.ts';
import { putFile } from '../guest/files.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import type { RestoreStep } from './restore.ts';

const heartbeatMs = 5_000;
/** Seconds without a heartbeat after which the guardian acts: longer than it takes us to notice a lost connection. */
export const silenceS = 60;

/** Stops when disposed of; the guardian then acts by itself. */
export interface Guardian extends Disposable {
  folder: string;
}

/** @throws LabBrokeError GUARDIAN_FAILED: nothing has been touched then */
export async function startGuardian(
  host: LinuxMachine,
  folder: string,
  steps: readonly RestoreStep[],
  signal: AbortSignal,
): Promise<Guardian> {
  await host.must(`umask 077; mkdir ${folder} && cut -d. -f1 /proc/uptime > ${folder}/alive`, signal);
  await putFile(host, `${folder}/guard`, Buffer.from(guardScript(folder, steps)), signal);
  const started = await host.run(
    `setsid sh ${folder}/guard < /dev/null > /dev/null 2>&1 & ` +
      `i=0; until [ -e ${folder}/running ]; do i=$((i+1)); [ $i = 100 ] && exit 1; sleep 0.1; done`,
    signal,
  );
  if (started.exitCode !== 0) {
    await host.run(`rm -rf ${folder}`, signal);
    throw new LabBrokeError(`${host.name}: the process that would put the host back does not start`, {
      code: 'GUARDIAN_FAILED',
      next: 'Nothing was touched.',
      lastLines: started.stderr.trim().split('\n').slice(-8),
    });
  }
  // One process for all beats: a busy host has better things to do than to start one for each.
  const heart = await host.stream(
    `while read -r beat && [ -e ${folder}/alive ]; do cut -d. -f1 /proc/uptime > ${folder}/alive; done`,
    signal,
  );
  // A connection that is lost is noticed by whoever needs it.
  heart.on('error', () => {}).resume();
  const timer = setInterval(() => heart.write('\n'), heartbeatMs);
  return {
    folder,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      heart.end();
    },
  };
}

/**
 * Asks for the restoration and waits for its end.
 * @returns What could not be done, a line a step; empty: all was.
 */
export async function awaitRestoration(
  host: LinuxMachine,
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  const output = await host.must(
    `while [ -e ${folder}/running ]; do rm -f ${folder}/alive; sleep 0.1; done; cat ${folder}/failed 2>/dev/null; rm -rf ${folder}`,
    signal,
  );
  return output.split('\n').filter((line) => line !== '');
}

/** Every step in a shell of its own: none that fails keeps the others from being done. */
export function guardScript(folder: string, steps: readonly RestoreStep[]): string {
  return `# vflab: puts this host back as it was, ${silenceS} s after the harness fell silent, or when it asks.
trap '' HUP INT PIPE
exec 2> ${folder}/log
cd /
echo $$ > ${folder}/running
uptime() { cut -d. -f1 /proc/uptime; }
end() {
  kill $1; i=0
  while kill -0 $1; do i=$((i+1)); [ $i = 50 ] && kill -9 $1; [ $i = 100 ] && return 1; sleep 0.1; done
}
why='the harness asked for it'
while [ -e ${folder}/alive ]; do
  read -r last < ${folder}/alive
  [ $(($(uptime) - \${last:-$(uptime)})) -gt ${silenceS} ] && { why='the harness fell silent'; break; }
  sleep 1
done
step() { echo "$1" >> ${folder}/failed; echo "<4>vflab: not restored: $1" > /dev/kmsg; }
${steps.map(({ what, command }) => `( ${command}; ) || step '${what.replaceAll("'", '')}'`).join('\n')}
echo "<5>vflab: this host was put back as it was: $why" > /dev/kmsg
rm -f ${folder}/running
# Whoever asked reads what failed and removes the folder; else nobody will.
i=0; while [ -e ${folder} ] && [ $i -lt 10 ]; do i=$((i+1)); sleep 1; done
rm -rf ${folder}
`;
}
