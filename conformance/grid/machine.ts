/** The machine of a grid: CPUs in nodes and cores, and many equal virtio-blk disks on conventional bridges. */
import { plainMachine } from '../../src/lab/machines.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';

export interface GridMachine {
  /** `8-cpus-2-nodes` */
  name: string;
  /** CPUs of each NUMA node, one after the other; all of them possible. */
  nodes: readonly number[];
  /** Threads a core; default 1. */
  threads?: number;
  /** The last so many CPUs are possible and not there. */
  absent?: number;
  disks: number;
  /** That each disk offers. */
  queues: number;
  /** More words for the kernel. */
  words?: readonly string[];
  points: readonly GridPoint[];
}

/** One loading of virtio_blk. */
export interface GridPoint {
  name: string;
  /** `num_request_queues=` */
  queues: number;
  /** Shell, before the driver is loaded; what it does to the matrix is in the trace. */
  prepare?: string;
}

const disksPerBridge = 31;

export function cpusOf({ nodes }: GridMachine): number {
  return nodes.reduce((sum, count) => sum + count, 0);
}

export function gridSpec(machine: GridMachine): { spec: MachineSpec; extraArgs: string[] } {
  const possible = cpusOf(machine);
  const cpus = possible - (machine.absent ?? 0);
  const memoryMiB = 1024 + 8 * possible + 2 * machine.disks;
  const spec = plainMachine('host', cpus, memoryMiB);
  spec.cmdline = [
    ...spec.cmdline.filter((word) => !word.startsWith('loglevel=')),
    // Hundreds of failures on a serial console take seconds.
    'loglevel=1',
    'log_buf_len=4M',
    'trace_event=irq_matrix:*',
    // A buffer of this size for each CPU, and the one that loads the driver fills its own.
    `trace_buf_size=${possible > 16 ? 4 : 16}M`,
    // One order for all CPUs: that of the vector lock.
    'trace_clock=counter',
    ...(machine.words ?? []),
  ];
  return { spec, extraArgs: [...topologyArgs(machine, possible, memoryMiB), ...diskArgs(machine)] };
}

function topologyArgs({ nodes, threads = 1, absent = 0 }: GridMachine, possible: number, memoryMiB: number) {
  const args: string[] = [];
  // The last `-smp` and `-m` hold.
  if (threads > 1 || absent > 0)
    args.push(
      '-smp',
      `${possible - absent},maxcpus=${possible},sockets=1,cores=${possible / threads},threads=${threads}`,
    );
  if (nodes.length === 1) return args;
  let first = 0;
  for (const [id, count] of nodes.entries()) {
    const size = Math.floor(memoryMiB / nodes.length);
    const rest = id === 0 ? memoryMiB - size * nodes.length : 0;
    args.push('-object', `memory-backend-ram,id=node${id},size=${size + rest}M`);
    args.push('-numa', `node,nodeid=${id},cpus=${first}-${first + count - 1},memdev=node${id}`);
    first += count;
  }
  return args;
}

function diskArgs({ disks, queues }: GridMachine): string[] {
  const args = ['-blockdev', 'driver=null-co,node-name=null0,size=1048576,read-zeroes=on'];
  for (let i = 0; i < disks; i += 1) {
    const bridge = Math.floor(i / disksPerBridge);
    if (i % disksPerBridge === 0)
      args.push(
        '-device',
        `pci-bridge,id=bridge${bridge},chassis_nr=${bridge + 1},bus=pcie.0,addr=${(bridge + 2).toString(16)}`,
      );
    args.push(
      '-device',
      `virtio-blk-pci,drive=null0,share-rw=on,num-queues=${queues},disable-legacy=on,bus=bridge${bridge},addr=${((i % disksPerBridge) + 1).toString(16)}`,
    );
  }
  return args;
}
