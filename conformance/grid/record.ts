/** Boots a grid's machine, loads virtio_blk once a point, and keeps what the kernel did. */
import { generateSshKey } from '../../src/guest/key.ts';
import type { LinuxMachine } from '../../src/guest/linux.ts';
import type { BuildContext } from '../../src/images/cache.ts';
import { buildHostImage } from '../../src/images/image.ts';
import { resolveKernel } from '../../src/images/kernels.ts';
import { recordToMemory } from '../../src/machine/record.ts';
import { bootLinux } from '../../src/run/boot-linux.ts';
import { type GridMachine, type GridPoint, gridSpec } from './machine.ts';

export interface RawPoint {
  point: GridPoint;
  /** What the shell printed: see `pointScript`. */
  facts: string;
  /** Kernel messages since the driver was loaded. */
  dmesg: string;
}

export interface RawGrid {
  kernel: string;
  machine: GridMachine;
  uname: string;
  topology: string;
  points: RawPoint[];
  /** ftrace's text since boot, with a marker before and after each point. */
  trace: string;
}

export async function recordGrid(
  machine: GridMachine,
  kernelName: string,
  context: BuildContext,
): Promise<RawGrid> {
  const { onProgress } = context;
  const signal = context.signal ?? new AbortController().signal;
  const kernel = await resolveKernel(context, kernelName);
  const image = await buildHostImage(context, { kernel, guestKernel: kernel });
  const { spec, extraArgs } = gridSpec(machine);
  await using cleanup = new AsyncDisposableStack();
  const record = recordToMemory();
  const t0 = performance.now();
  const say = (text: string) =>
    onProgress(`${kernelName} ${machine.name}: ${((performance.now() - t0) / 1000).toFixed(0)} s: ${text}`);
  const { linux } = await bootLinux(
    { ...spec, kernel: kernel.image, initrd: image.initrd },
    {
      accelerator: 'tcg',
      record,
      log: { now: record.clock, event: () => {} },
      key: generateSshKey(),
      cleanup,
      extraArgs,
      signal,
    },
  );
  say('up');
  const run = (command: string) => read(linux, command, signal);
  const uname = (await run('uname -r; uname -v')).trim();
  const topology = await run(topologyScript);
  const points: RawPoint[] = [];
  for (const point of machine.points) {
    await run(point.prepare ?? ':');
    const before = await run(linesScript);
    await run('dmesg -c >/dev/null; echo grid-begin >/sys/kernel/tracing/trace_marker');
    await run(`modprobe virtio_blk num_request_queues=${point.queues}`);
    await run('echo grid-end >/sys/kernel/tracing/trace_marker');
    const facts = await run(factsScript);
    const dmesg = await run('dmesg');
    points.push({ point, facts: before + facts, dmesg });
    say(`point ${point.name}`);
    await run('modprobe -r virtio_blk');
  }
  const trace = await run('cat /sys/kernel/tracing/trace');
  say(`${trace.length >> 10} KiB of trace`);
  return { kernel: kernelName, machine, uname, topology, points, trace };
}

async function read(linux: LinuxMachine, command: string, signal: AbortSignal): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(600_000)]);
  const { stdout } = await linux.ssh.exec(command, limit);
  return stdout;
}

const topologyScript = `cd /sys/devices/system
for name in possible present online; do echo "$name $(cat cpu/$name)"; done
echo "default $(cat /proc/irq/default_smp_affinity)"
for node in node/node[0-9]*; do echo "node \${node##*node} $(cat $node/cpulist)"; done
for cpu in cpu/cpu[0-9]*; do [ -e $cpu/topology ] && echo "core $(cat $cpu/topology/thread_siblings_list)"; done`;

/** Interrupts that have an owner. */
const linesScript = `cd /proc/irq; for action in */*/; do action=\${action%/}; echo "line \${action%%/*} \${action#*/}"; done`;

/** The shell itself does it all: under emulation every process costs. */
const factsScript = `read -r online </sys/devices/system/cpu/online; echo "online $online"
cd /sys/bus/virtio/devices
for name in virtio*; do
  read -r id <$name/device
  [ "$id" = 0x0002 ] || continue
  driver=-; [ -e $name/driver ] && driver=+
  cd -P $name/..; read -r irq <irq; cd /sys/bus/virtio/devices
  echo "disk $name $irq $driver"
done
cd /proc/irq
for action in */virtio*; do
  irq=\${action%%/*}; read -r mask <$irq/smp_affinity_list; read -r at <$irq/effective_affinity_list
  echo "irq $irq \${action#*/} $mask $at"
done`;
