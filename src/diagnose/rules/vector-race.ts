/**
 * The race between freeing and requesting a vector: a late interrupt that saw the freed slot writes "unused" over
 * the descriptor that was put there meanwhile, and the device's interrupts are lost until the irq moves
 * (arch/x86/kernel/irq.c; ce0b5eedcb75 x86/irq: Plug vector setup race).
 */
import { type Known, kernelFeatures, kernelVersion } from '../../model/features.ts';
import type { Casebook, Seen } from '../casebook.ts';
import { machineOf } from '../machine.ts';
import { plural, prove } from '../proof.ts';
import type { Advice, Confidence, Finding } from '../types.ts';

export function vectorRace(book: Casebook): Finding | undefined {
  const stray = book.of('no-irq-handler');
  const mentions = book.of('mention');
  if (stray.length === 0 && mentions.length === 0) return undefined;
  const passed = book
    .of('interrupt-row')
    .filter(({ row }) => row.actions.some((name) => /^vfio-msix?\[/.test(name)));
  const starved = book.of('driver-says').filter((fact) => fact.what === 'timeout');
  const repeated = repeatedSlot(stray);
  const fixed = kernelFeatures(kernelVersion(machineOf(book).release ?? '')).vectorSetupLocked;
  const signs = {
    lines: book.count('no-irq-handler'),
    repeated,
    passed: passed.length > 0,
    starved: starved.length > 0,
    fixed,
  };
  const { confidence, because } = weigh(signs);
  return {
    explains: ['no-irq-handler', 'mention'],
    diagnosis: {
      id: 'vector-setup-race',
      cause:
        stray.length === 0
          ? 'These files are about the race between freeing and requesting a CPU’s vector: a late interrupt wipes the new owner, and then that device’s interrupts are lost.'
          : 'An interrupt came to a CPU’s vector that no irq owned: the race between freeing and requesting it can wipe a new owner, and then that device’s interrupts are lost.',
      confidence,
      because,
      story: [
        'When a guest masks an MSI-X vector (irqbalance moving it does), QEMU switches that vector’s receiver, and for each switch the host’s vfio-pci frees the irq and requests it again; often it gets the same CPU and vector.',
        'A late interrupt of the old owner, held up on that CPU, sees the freed slot. Without a lock it then marks the slot unused, over the new owner.',
        'From then on every interrupt of the device ends in “No irq handler”, once a device interrupt (the message is rate-limited), until the irq moves or is requested anew: packets lost, I/O hanging in the guest.',
        'One such line after a device went away, or after an irq moved, is normal: a stray interrupt that was under way.',
      ],
      proof: [
        ...prove(stray, (fact) => `CPU ${fact.cpu}, vector ${fact.vector}: nobody there`, 3),
        ...prove(passed, 'a passed-through function with interrupts that such switches concern', 1),
        ...prove(starved, 'a device whose interrupts do not come', 2),
        ...prove(mentions, 'describes the race; a description is no witness', 1),
      ],
      collect: collect(stray.length > 0),
      remedies: [
        {
          what: 'a host kernel with the fix: 6.17, or stable from 6.12.42, 6.15.10, 6.16.1 on (6.6, 6.1 and older stable do not have it)',
          cost: 'an update; one interrupt may still be lost while vfio frees and requests, which only the device’s driver can make good',
        },
        {
          what: 'stop irqbalance in the guest, or pin its MSI-X interrupts',
          cost: 'load stays where it is; the race becomes rare, not impossible',
        },
        {
          what: 'once it has happened: write /proc/irq/N/smp_affinity of that irq on the host',
          cost: 'the move gives it a new slot; what was lost stays lost',
        },
      ],
      lab: {
        available: false,
        why: 'it needs no scaling: `vflab run lost-interrupt-race` forces this race on kernels with and without the fix, and `vflab explore vector-setup` shows every way to it in a model, and what each cure is worth',
      },
    },
  };
}

interface Signs {
  lines: number;
  /** One slot again and again: it stays without an owner though a device goes on. */
  repeated: boolean;
  passed: boolean;
  starved: boolean;
  /** The kernel has the fix. */
  fixed: Known;
}

function weigh({ lines, repeated, passed, starved, fixed }: Signs): {
  confidence: Confidence;
  because: string;
} {
  if (lines === 0)
    return {
      confidence: 'possible',
      because: 'these files describe the race, but no line in them shows that it happened',
    };
  if (fixed === true)
    return {
      confidence: 'possible',
      because:
        'this kernel has the fix for the race, so the line has another cause: a stray interrupt, or a device that raises a vector it no longer owns',
    };
  if (repeated && (passed || starved))
    return {
      confidence: 'likely',
      because: `${plural(lines, 'line')} for the same CPU and vector, ${starved ? 'and a device that starves' : 'on a host with passed-through functions'}; that two CPUs raced cannot be seen in a log`,
    };
  return {
    confidence: 'possible',
    because: repeated
      ? 'the same CPU and vector again and again; which device it belongs to is not in these files'
      : 'a line or two for a vector are also what a stray interrupt leaves after an irq was freed or moved',
  };
}

/** Three lines or more for one CPU and vector. */
function repeatedSlot(stray: readonly Seen<'no-irq-handler'>[]): boolean {
  const counts = new Map<string, number>();
  for (const { cpu, vector } of stray) {
    const slot = `${cpu}.${vector}`;
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  return [...counts.values()].some((count) => count >= 3);
}

function collect(hasLines: boolean): Advice[] {
  return [
    ...(hasLines
      ? []
      : [
          {
            what: 'dmesg of the host: grep "No irq handler"',
            why: 'names the CPU and the vector; without it nothing shows that an interrupt was lost',
          },
        ]),
    {
      what: 'cat /proc/interrupts on host and guest, twice, ten seconds apart',
      why: 'the vfio-msix row of the vector that no longer counts is the victim',
    },
    {
      what: 'on the host: trace_event=irq_vectors:* for a minute (vflab check-trace reads it)',
      why: 'shows free and request of that irq on the same CPU and vector',
    },
    { what: 'uname -r of the host', why: 'whether it has the fix' },
  ];
}
