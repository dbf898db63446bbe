/** Traffic that proves a PCI function works: what goes out has to come back. */
import type { LinuxMachine } from './linux.ts';
import { networkInterface } from './pci.ts';

export interface TrafficResult {
  sent: number;
  received: number;
  output: string;
  /** Of a disk: reads of 4 KiB, one after the other, and how long they took by the machine's own clock. */
  reads?: { count: number; seconds: number };
}

/** Sets a NIC function's address and waits until its link is up; `signal` is the deadline. */
export async function configureLink(
  machine: LinuxMachine,
  bdf: string,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  // The driver may still be probing after a hot-plug, so the interface itself is waited for too.
  await machine.must(
    `d=/sys/bus/pci/devices/${bdf}; until n=$(ls $d/net 2>/dev/null) && [ -n "$n" ]; do sleep 0.1; done; ` +
      // One machine may own several functions on one network: each answers ARP for its own address only.
      `echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 > /proc/sys/net/ipv4/conf/all/arp_announce; ` +
      `ip addr replace ${address} dev $n && ip link set $n up && ` +
      `until [ "$(cat $d/net/$n/carrier 2>/dev/null)" = 1 ]; do sleep 0.1; done`,
    signal,
  );
}

/** Three pings through one function's interface, each with two seconds to be answered. */
export async function ping(
  machine: LinuxMachine,
  bdf: string,
  to: string,
  signal: AbortSignal,
): Promise<TrafficResult> {
  const name = await networkInterface(machine, bdf, signal);
  const { stdout, stderr } = await machine.run(`ping -I ${name} -c 3 -i 0.2 -W 2 ${to}`, signal);
  const output = stdout + stderr;
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  return { sent: Number(counts?.[1] ?? 3), received: Number(counts?.[2] ?? 0), output };
}

const blockBytes = 256 * 1024;
/** Enough to tell a disk whose interrupts come from one that is polled, ten times a second. */
const timedReads = 30;

/**
 * Writes fresh random data to the disk of an nvme or virtio function and reads it back, past every cache; then reads
 * some blocks one after the other, against the clock.
 */
export async function blockIo(
  machine: LinuxMachine,
  bdf: string,
  signal: AbortSignal,
): Promise<TrafficResult> {
  const { exitCode, stdout, stderr } = await machine.run(
    `d=/sys/bus/pci/devices/${bdf}; until n=$(ls $d/nvme/nvme*/ $d/virtio*/block 2>/dev/null | grep -m1 '^nvme[0-9]*n1$\\|^vd[a-z]*$'); do sleep 0.1; done; ` +
      `until [ -b /dev/$n ]; do sleep 0.1; done; ` +
      `dd if=/dev/urandom of=/run/block.out bs=${blockBytes} count=1 2>/dev/null && ` +
      `dd if=/run/block.out of=/dev/$n bs=64k oflag=direct 2>&1 && ` +
      `dd if=/dev/$n of=/run/block.in bs=64k count=${blockBytes / 65536} iflag=direct 2>&1 && ` +
      'md5sum /run/block.out /run/block.in && cmp /run/block.out /run/block.in && ' +
      `read -r from x </proc/uptime && dd if=/dev/$n of=/dev/null bs=4k count=${timedReads} iflag=direct 2>&1 && ` +
      'read -r to x </proc/uptime && echo "reads from $from to $to"',
    signal,
  );
  const [, from, to] = /^reads from (\d+\.\d+) to (\d+\.\d+)$/m.exec(stdout) ?? [];
  return {
    ...{ sent: 1, received: exitCode === 0 ? 1 : 0, output: stdout + stderr },
    ...(to === undefined
      ? {}
      : { reads: { count: timedReads, seconds: Math.round(100 * (Number(to) - Number(from))) / 100 } }),
  };
}
