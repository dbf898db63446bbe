/** The scenarios, each on every kernel of the lab. */
import type { PciDevice, PciSlot } from '../src/machine/spec.ts';
import { repeat, type Scenario, type Step } from './scenario.ts';

/** Devices behind root ports of their own, from slot 3 of the root bus on. */
function behindPorts(devices: readonly (PciDevice | undefined)[]): PciSlot[] {
  return devices.map((child, i) => ({
    kind: 'root-port',
    id: `port${i}`,
    slot: 3 + i,
    chassis: 1 + i,
    ...(child ? { child } : {}),
  }));
}

const nic = (n: number): PciDevice => ({ kind: 'igb', id: `nic${n}`, network: `10.0.${2 + n}.0/24` });
const nvme = (n: number): PciDevice => ({
  kind: 'nvme',
  id: `nvme${n}`,
  serial: `vflab-nvme${n}`,
  maxVfs: 0,
  sizeMiB: 16,
});
const disk = (n: number, queues: number): PciDevice => ({
  kind: 'virtio-blk',
  id: `disk${n}`,
  sizeMiB: 16,
  queues,
});

/** Four NICs, an nvme and three disks of different width. */
const mixed = behindPorts([nic(0), nic(1), nic(2), nic(3), nvme(0), disk(0, 1), disk(1, 2), disk(2, 4)]);
const load: Step = { sh: 'modprobe -a igb nvme virtio_blk; up; burst' };

function boot(cpus: number): Scenario {
  return {
    name: `boot-${cpus}`,
    title: `Boot with ${cpus} CPUs and load the drivers`,
    cpus,
    interruptRemapping: false,
    devices: behindPorts([nic(0), nvme(0), disk(0, 1), disk(1, 4)]),
    // Rings are a CPU's each.
    ringKiB: cpus > 16 ? 1024 : 4096,
    ...(cpus > 16 ? { memoryMiB: 4096, onlyWhenNamed: true } : {}),
    steps: [{ sh: 'modprobe -a igb nvme virtio_blk; up', limitSeconds: 120 }],
  };
}

/** The same with and without interrupt remapping, where moves are another path of the kernel. */
function bothWays(scenario: Omit<Scenario, 'interruptRemapping'>): Scenario[] {
  return [
    { ...scenario, interruptRemapping: false },
    {
      ...scenario,
      name: `${scenario.name}-ir`,
      title: `${scenario.title}, with interrupt remapping`,
      interruptRemapping: true,
    },
  ];
}

const hotplugPorts = [0, 1, 2, 3, 4, 5];
const plugAll = (round: number): Step[] => [
  ...hotplugPorts.map((n) => ({ plug: `hot${n}`, port: `port${n}`, queues: 1 + ((n + round) % 4) })),
  { sh: `disks ${hotplugPorts.length}; burst` },
];
const unplugAll: Step = { unplug: hotplugPorts.map((n) => `hot${n}`) };

export const scenarios: readonly Scenario[] = [
  boot(1),
  boot(4),
  boot(8),
  boot(16),
  boot(80),
  ...bothWays({
    name: 'hotplug',
    title: 'Disks plugged in and out below root ports',
    cpus: 4,
    devices: behindPorts(hotplugPorts.map(() => undefined)),
    ringKiB: 8192,
    steps: [
      { sh: 'modprobe virtio_blk' },
      ...[0, 1, 2, 3].flatMap((round) => [...plugAll(round), unplugAll]),
      // Plugged in while CPUs are away, out when they are back.
      { sh: 'cpu 1 0; cpu 3 0' },
      ...plugAll(2),
      { sh: 'spread 1; cpu 3 1; burst; cpu 1 1' },
      unplugAll,
    ],
  }),
  ...bothWays({
    name: 'storm',
    title: 'Affinities of all interrupts written again and again, under traffic',
    cpus: 8,
    devices: mixed,
    ringKiB: 8192,
    steps: [
      load,
      repeat(
        2,
        { sh: 'for m in 1 2 4 8 10 20 40 80; do aim $m; sleep 2; done' },
        { sh: 'for s in 1 2 3 4; do scatter $s; burst; spread $s; sleep 2; done' },
        // No time for a move to complete before the next is asked for.
        { sh: 'for m in 3 c 30 c0 f f0 55 aa ff; do aim $m; done; burst' },
      ),
    ],
  }),
  ...bothWays({
    name: 'irqbalance',
    title: 'irqbalance with an interval of one second, under traffic',
    cpus: 4,
    devices: mixed,
    ringKiB: 8192,
    steps: [
      load,
      {
        sh: '/usr/sbin/irqbalance --foreground --interval=1 >/tmp/irqbalance 2>&1 & echo $! >/run/irqbalance.pid',
      },
      repeat(6, { sh: 'burst; burst; sleep 1' }),
      { sh: 'scatter 1; burst; sleep 2; burst; sleep 2; scatter 2; burst; sleep 2; burst' },
      { sh: 'kill $(cat /run/irqbalance.pid)' },
    ],
  }),
  ...bothWays({
    name: 'cpus',
    title: 'CPUs off and on, one by one and several, under traffic',
    cpus: 4,
    devices: mixed,
    ringKiB: 8192,
    steps: [
      load,
      { sh: 'for c in 3 2 1; do cpu $c 0; burst; done; for c in 1 2 3; do cpu $c 1; done; burst' },
      repeat(
        2,
        { sh: 'for c in 1 2 3; do spread $c; burst; cpu $c 0; scatter $c; sleep 2; cpu $c 1; done' },
        {
          sh: 'spread 1; cpu 1 0; cpu 3 0; rebind virtio_blk virtio; flap; cpu 3 1; burst; cpu 1 1; sleep 2',
        },
        { sh: 'scatter 2; cpu 2 0; rebind nvme pci; rebind virtio_blk virtio; cpu 2 1; burst' },
      ),
    ],
  }),
  {
    name: 'vfs',
    title: 'VFs made and removed, their driver with them',
    cpus: 4,
    interruptRemapping: false,
    devices: behindPorts([nic(0), nic(1)]),
    ringKiB: 8192,
    steps: [
      { sh: 'modprobe -a igb igbvf; up' },
      repeat(
        3,
        { sh: 'vfs 2; up; burst; vfs 0; vfs 7; up; spread 1; sleep 2', limitSeconds: 120 },
        { sh: 'scatter 1; modprobe -r igbvf; modprobe igbvf; sleep 2; flap; vfs 0', limitSeconds: 120 },
      ),
    ],
  },
  ...bothWays({
    name: 'modules',
    title: 'Drivers unloaded and loaded again, their devices let go and taken again',
    cpus: 4,
    devices: mixed,
    ringKiB: 16384,
    steps: [
      load,
      repeat(
        4,
        { sh: 'modprobe -r virtio_blk; modprobe virtio_blk; burst' },
        { sh: 'modprobe -r nvme; modprobe nvme; spread 2; sleep 2' },
        { sh: 'modprobe -r igb; modprobe igb; up; flap' },
        { sh: 'for i in 1 2 3 4 5; do rebind virtio_blk virtio; rebind nvme pci; done' },
      ),
    ],
  }),
  {
    name: 'exhaustion',
    title: 'More disks than vectors: the ladder of virtio-pci down to its end, and back',
    cpus: 2,
    interruptRemapping: false,
    devices: [0, 1].map((bridge) => ({
      kind: 'pci-bridge' as const,
      id: `bridge${bridge}`,
      slot: 3 + bridge,
      chassis: 1 + bridge,
      devices: Array.from({ length: 72 }, (_, i) => ({
        slot: 1 + Math.floor(i / 8),
        function: i % 8,
        ...disk(bridge * 100 + i, 1),
      })),
    })),
    ringKiB: 16384,
    steps: [
      { sh: 'modprobe virtio_blk', limitSeconds: 240 },
      { sh: 'modprobe -r virtio_blk', limitSeconds: 240 },
      { sh: 'modprobe virtio_blk', limitSeconds: 240 },
    ],
  },
];
