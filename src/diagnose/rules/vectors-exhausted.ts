/**
 * virtio disks whose managed interrupts use up the x86 vectors. Each disk with a vector per queue reserves one slot
 * on *every* possible CPU, whatever the number of its queues, and one more for its configuration (irq_matrix_reserve_managed,
 * kernel/irq/matrix.c; vp_find_vqs, drivers/virtio/virtio_pci_common.c).
 */
import { capacityOf } from '../capacity.ts';
import type { Casebook, Seen } from '../casebook.ts';
import { exhaustionLab } from '../labs/exhaustion.ts';
import { machineOf } from '../machine.ts';
import { plural, prove } from '../proof.ts';
import type { Advice, Confidence, Finding, MachineRead, Proof, Remedy } from '../types.ts';

export function vectorsExhausted(book: Casebook): Finding | undefined {
  const timer = book
    .of('flags-mismatch')
    .filter((fact) => fact.irq === 0 && /^virtio\d+$/.test(fact.newName));
  const failed = book.of('virtio-probe-failed').filter((fact) => fact.errno === -28 || fact.errno === -16);
  const noSpace = failed.filter((fact) => fact.errno === -28);
  const empty = book.of('matrix-print').filter((print) => print.globalAvailable === 0);
  const crossing = book.of('reservation-exceeds');
  const traced = book.of('traced-no-space');
  const signs = timer.length + noSpace.length + empty.length;
  if (signs === 0 && !(crossing.length > 0 && traced.length > 0)) return undefined;
  const names = diskNames(book);
  const counted = empty.length > 0 || crossing.length > 0 || traced.length > 0;
  const { confidence, because } = weigh({
    counted,
    asksTimer: timer.length > 0,
    probes: failed.length,
    fallen: names.shared.length + names.lines.length,
  });
  const machine = machineOf(book);
  const perDisk = machine.cpus === undefined ? 'one slot on every CPU' : `${machine.cpus + 1} slots`;
  const queues = names.each.some(({ row }) => row.actions.some((name) => name.includes('-req.1'))) ? 2 : 1;
  const proof: Proof[] = [
    ...prove(timer, 'the last resort, the pin’s irq, is 0: the timer’s, which cannot be shared'),
    ...prove(noSpace, (fact) => `${fact.device} is given up: −28, no vector is left`),
    ...prove(
      failed.filter((fact) => fact.errno === -16),
      (fact) => `${fact.device} is given up: −16, from that refused request`,
      1,
    ),
    ...prove(
      empty,
      ({ totalAllocated, onlineMaps }) =>
        `no slot is available on ${onlineMaps ?? 'all'} CPUs, while only ${totalAllocated ?? 'few'} vectors are in use: the rest is reserved`,
      1,
    ),
    ...unplugProof(book.of('matrix-print')),
    ...prove(crossing, 'there are now more reservations than vectors', 1),
    ...prove(names.each, 'this disk has a vector for each queue: managed, so reserved on every CPU', 1),
    ...prove(names.shared, 'this one fell to one vector for all its queues', 1),
    ...prove(names.lines, 'this one fell to the pin’s irq', 1),
    ...prove(traced, (fact) => `${fact.event} finds no slot for irq ${fact.irq}`, 1),
  ];
  return {
    explains: [
      'virtio-probe-failed',
      'flags-mismatch',
      'reservation-exceeds',
      'traced-no-space',
      'affinity-broken',
      'managed-startup-failed',
      'reserved-over-available',
    ],
    diagnosis: {
      id: 'virtio-vectors-exhausted',
      cause: `The interrupt vectors of the CPUs are used up: every virtio disk reserves ${perDisk}, and the last disks get none.`,
      confidence,
      because,
      story: [
        'virtio_blk asks for its queue interrupts with managed affinity; the kernel reserves one vector for the set on every possible CPU, used or not. More queues do not cost more, more CPUs do.',
        howMany(machine, queues, timer.length > 0),
        'A disk that gets no vector for each queue tries one shared vector, then the interrupt of its pin.',
        timer.length > 0
          ? 'These disks have no pin, so their irq is 0. This kernel asks for it all the same and meets the timer: −16 hides the real reason, −28.'
          : 'Where that has no slot either, or the device has no pin, the probe fails with −28 (no space left on device; no disk is full).',
        'The number of vectors in use stays small: what is gone is reserved, not allocated.',
      ],
      proof,
      collect: collect(counted, names.each.length + names.shared.length > 0, machine),
      remedies: remedies(timer.length > 0),
      lab: exhaustionLab({ pinless: timer.length > 0, release: machine.release, cpus: machine.cpus }),
    },
  };
}

function howMany({ cpus, nodes, release }: MachineRead, queues: number, pinless: boolean): string {
  const unknown = 'How many disks fit depends on the number of CPUs, which these files do not tell.';
  if (cpus === undefined) return unknown;
  // Two sockets are likely for many CPUs, and change the number.
  const guesses = nodes === undefined && cpus >= 32 ? [1, 2] : [nodes ?? 1];
  const told = guesses.flatMap((count) => {
    const fits = capacityOf({ cpus, nodes: count, queues, pinless, release });
    if (!fits) return [];
    return [
      `a vector per queue for ${fits.best} disks, some interrupt for ${fits.any} (${plural(count, 'NUMA node')})`,
    ];
  });
  if (told.length === 0) return unknown;
  return `On ${cpus} CPUs a disk takes ${cpus} slots and one for its configuration. By the model, a freshly booted machine with nothing else in it has ${told.join('; or ')}.`;
}

function weigh(signs: { counted: boolean; asksTimer: boolean; probes: number; fallen: number }): {
  confidence: Confidence;
  because: string;
} {
  if (signs.counted && (signs.asksTimer || signs.probes > 0))
    return {
      confidence: 'certain',
      because: 'the kernel’s own account shows no vector left, and probes failed by it',
    };
  if (signs.asksTimer)
    return {
      confidence: 'likely',
      because:
        'a virtio device asks for the timer’s irq only after both kinds of MSI-X have failed, and on a machine that ran before the usual reason is this one; the account of the vectors is not in these files',
    };
  if (signs.probes > 0 && signs.fallen > 0)
    return {
      confidence: 'likely',
      because: 'probes fail with −28 where other disks have already fallen to shared interrupts',
    };
  if (signs.probes > 0)
    return {
      confidence: 'likely',
      because:
        'a virtio probe fails with −28; a device that offers too few MSI-X entries and has no pin would say the same, for the first disk already',
    };
  return {
    confidence: 'possible',
    because: 'the vectors are used up, but no failed probe is in these files',
  };
}

interface DiskNames {
  /** A vector per queue. */
  each: Seen<'interrupt-row'>[];
  /** One vector for all queues. */
  shared: Seen<'interrupt-row'>[];
  /** The pin's line. */
  lines: Seen<'interrupt-row'>[];
}

function diskNames(book: Casebook): DiskNames {
  const names: DiskNames = { each: [], shared: [], lines: [] };
  for (const seen of book.of('interrupt-row')) {
    const { actions } = seen.row;
    if (actions.some((name) => /^virtio\d+-req\.\d+/.test(name))) names.each.push(seen);
    else if (actions.some((name) => /^virtio\d+-virtqueues/.test(name))) names.shared.push(seen);
    else if (actions.some((name) => /^virtio\d+$/.test(name))) names.lines.push(seen);
  }
  return names;
}

/** Two prints that differ by one device: what it took. */
function unplugProof(prints: readonly Seen<'matrix-print'>[]): Proof[] {
  for (const [index, after] of prints.entries()) {
    const before = prints[index - 1];
    const cpus = after.onlineMaps;
    if (!before || cpus === undefined || before.onlineMaps !== cpus) continue;
    const slots = Math.abs(after.globalAvailable - before.globalAvailable);
    const vectors = Math.abs((after.totalAllocated ?? 0) - (before.totalAllocated ?? 0));
    if (slots !== cpus + 1) continue;
    return prove(
      [after],
      `between this print and the one before lie ${slots} slots for ${plural(vectors, 'vector')}: one on each of ${cpus} CPUs, and one`,
    );
  }
  return [];
}

function collect(counted: boolean, hasNames: boolean, { cpus, release }: MachineRead): Advice[] {
  const all: (Advice | undefined)[] = [
    counted
      ? undefined
      : {
          what: 'crash> p *vector_matrix   (or: echo 1 > /sys/kernel/tracing/events/irq_matrix/enable, plug one disk, cat /sys/kernel/tracing/trace)',
          why: 'global_available says how many slots are left, total_allocated how many are really in use',
        },
    hasNames
      ? undefined
      : {
          what: 'cat /proc/interrupts',
          why: '-req.N is a vector per queue, -virtqueues a shared one, a bare virtioN the pin',
        },
    cpus === undefined
      ? {
          what: 'lscpu; cat /sys/devices/system/cpu/possible',
          why: 'what a disk costs is the number of CPUs',
        }
      : undefined,
    release === undefined
      ? { what: 'uname -r', why: 'kernels from 6.1 on answer −28 instead of asking for irq 0' }
      : undefined,
  ];
  return all.filter((advice) => advice !== undefined);
}

function remedies(asksTimer: boolean): Remedy[] {
  return [
    {
      what: 'fewer disks a machine, or one virtio-scsi controller for many disks',
      cost: 'disks of one controller share its queues',
    },
    {
      what: 'fewer possible CPUs (a smaller VM; possible_cpus= on bare metal, where sockets stand empty)',
      cost: 'each CPU less saves one slot a disk, and takes its own slots away',
    },
    {
      what: 'virtio_blk without managed affinity (a driver without the irq_affinity it passes to find_vqs)',
      cost: 'a patched module to maintain; a disk then takes its queues + 1 slots in all, and queues are no longer tied to CPUs',
    },
    {
      what: 'fewer queues a disk (virtio_blk.num_request_queues=)',
      cost: 'does not help: a set of any size takes one slot on each CPU',
    },
    ...(asksTimer
      ? [
          {
            what: 'a kernel from 6.1 on (virtio_pci looks at the irq before it falls back to it)',
            cost: 'an honest −28 instead of −16 and a stack dump; not one disk more',
          },
        ]
      : []),
  ];
}
