/** Traffic without a pause through one function, until it is told to end. */
import { quoteCommand } from '../shell.ts';
import type { LinuxMachine } from './linux.ts';
import { networkInterface } from './pci.ts';
import type { TrafficResult } from './traffic.ts';

export interface Load {
  kind: 'ping' | 'block-io';
  /** Of its files in the machine. */
  path: string;
}

/** Seconds between two pings: each is an interrupt for what goes out and one for what comes back. */
const interval = 0.005;

export async function startPingLoad(
  machine: LinuxMachine,
  bdf: string,
  to: string,
  id: string,
  signal: AbortSignal,
): Promise<Load> {
  const name = await networkInterface(machine, bdf, signal);
  const path = `/run/vflab-load.${id}`;
  await machine.must(
    `ping -q -I ${name} -i ${interval} ${to} < /dev/null > ${path} 2>&1 & echo $! > ${path}.pid`,
    signal,
  );
  return { kind: 'ping', path };
}

/** Reads of 4 KiB past the cache, one at a time, of the first 16 MiB. */
export async function startBlockLoad(
  machine: LinuxMachine,
  bdf: string,
  id: string,
  signal: AbortSignal,
): Promise<Load> {
  const path = `/run/vflab-load.${id}`;
  const block = (
    await machine.must(`ls /sys/bus/pci/devices/${bdf}/nvme/nvme*/ | grep -m1 'nvme[0-9]*n1$'`, signal)
  ).trim();
  const loop =
    `trap "e=1" USR1; e=; sent=0; done=0; while [ -z "$e" ]; do sent=$((sent+1)); ` +
    `dd if=/dev/${block} of=/dev/null bs=4k count=4096 iflag=direct 2>/dev/null && done=$((done+1)); done; ` +
    `echo "$sent reads of 16 MiB, $done read"`;
  await machine.must(
    `${quoteCommand(['sh', '-c', loop])} < /dev/null > ${path} 2>&1 & echo $! > ${path}.pid`,
    signal,
  );
  return { kind: 'block-io', path };
}

export async function endLoad(
  machine: LinuxMachine,
  { kind, path }: Load,
  signal: AbortSignal,
): Promise<TrafficResult> {
  const output = await machine.must(
    // What a shell starts in the background ignores SIGINT, unless it says otherwise, as ping does.
    `p=$(cat ${path}.pid); kill -${kind === 'ping' ? 'INT' : 'USR1'} $p; while kill -0 $p 2>/dev/null; do sleep 0.1; done; tail -n 5 ${path}`,
    signal,
  );
  const counts =
    kind === 'ping'
      ? /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output)
      : /(\d+) reads of 16 MiB, (\d+) read/.exec(output);
  return { sent: Number(counts?.[1] ?? 0), received: Number(counts?.[2] ?? 0), output };
}
