/**
 * The causal chain: from disks that are probed to the one that gets no interrupt. A step is built from the lines
 * that show it; a step that no line shows follows from a rule and says so.
 */
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { TraceReading } from '../../slots/reading.ts';
import type { ChainStep, Evidence } from '../../types.ts';
import { type DiskFacts, taken } from './disks.ts';
import type { DisksFacts, MomentFacts } from './facts.ts';
import { refusalsOf } from './findings/matrix.ts';
import { disksOn, failedDisks, interruptLines, mismatches } from './findings/probes.ts';
import { count, errnoText, span } from './words.ts';

export function causalChain(facts: DisksFacts): ChainStep[] {
  const { after } = facts;
  if (!after) return [];
  return [
    ...probed(facts, after),
    ...reservation(facts, after),
    ...exhaustion(facts, after),
    ...refusal(facts, after),
    ...rungStep(facts, after, 'shared'),
    ...rungStep(facts, after, 'intx'),
    ...failure(facts, after),
    ...afterwards(facts),
  ];
}

function step(text: string, rule: ChainStep['rule'], evidence: Evidence[]): ChainStep {
  return { text, seen: evidence.length > 0, rule, evidence };
}

function probed({ plan }: DisksFacts, after: MomentFacts): ChainStep[] {
  const lines = after.kernel.filter(({ event }) => event.kind === 'virtio-blk-queues');
  const first = lines[0]?.event;
  const queues = first?.kind === 'virtio-blk-queues' ? first.default : plan.disks?.queues;
  const how = plan.disks?.plug === 'hot' ? 'plugged in one by one' : 'probed one by one';
  return [
    step(
      `${count(after.disks.length, 'virtio-blk disk')}${queues === undefined ? '' : ` with ${count(queues, 'request queue')} each`} are ${how}.`,
      'VIRTIO-LADDER',
      [...lines.slice(0, 1).map(ofKernel), ...after.disks.slice(0, 1).map((disk) => disk.at)],
    ),
  ];
}

/** One disk is the pattern for all: its managed bits, one on every possible CPU. */
function reservation({ trace }: DisksFacts, after: MomentFacts): ChainStep[] {
  const disk = after.disks.find((one) => one.slots && one.slots.managed > 0);
  if (!disk?.slots) {
    const works = after.disks.find((one) => one.slots && taken(one.slots) > 0);
    if (!works?.slots) return [];
    return [
      step(
        `${works.name} takes ${count(works.slots.ordinary, 'slot')}, none of them managed: one a vector.`,
        'VIRTIO-LADDER',
        linesOf(trace, after, works),
      ),
    ];
  }
  const { managed, managedOffline, ordinary, vectors } = disk.slots;
  const offline =
    managedOffline > 0 ? ` (and one on each of ${managedOffline} CPUs that are not online)` : '';
  return [
    step(
      `For ${disk.name} the kernel reserves a managed bit on each of ${count(managed, 'CPU')}${offline} and takes ${count(ordinary, 'ordinary bit')} for its config interrupt: ${taken(disk.slots)} slots, of which ${vectors} are vectors in use.`,
      'VIRTIO-SLOTS',
      linesOf(trace, after, disk),
    ),
  ];
}

function linesOf(trace: TraceReading | undefined, moment: MomentFacts, disk: DiskFacts): Evidence[] {
  if (!trace) return [];
  const lines = disk.record.irqs.flatMap(({ irq }) => moment.trace?.holdings.get(irq)?.lines ?? []);
  return lines.sort((a, b) => a - b).map(trace.at);
}

/** What is available falls by what is reserved; what is allocated rises only by what runs. */
function exhaustion(facts: DisksFacts, after: MomentFacts): ChainStep[] {
  const { before, trace } = facts;
  if (!before?.matrix || !after.matrix) return [];
  const [first] = refusalsOf(facts);
  const { totalAllocated, total } = after.matrix;
  const fell = `global_available falls from ${before.matrix.globalAvailable} to`;
  const idle = total.managedIdle;
  const held = idle > 0 ? `: in the end ${idle} slots are reserved where no interrupt runs` : '';
  const text = first
    ? `So ${fell} ${first.available ?? 'an unknown number'} by the first request that is refused, with total_allocated at ${idle > 0 ? 'only ' : ''}${first.allocated ?? totalAllocated}${held}.`
    : `So ${fell} ${after.matrix.globalAvailable}; no request is refused.`;
  const lines = [before.trace?.matrixLine, first?.matrixLine ?? after.trace?.matrixLine];
  const shown = trace ? lines.flatMap((line) => (line ? [trace.at(line)] : [])) : after.at('matrix');
  return [step(text, 'VIRTIO-SLOTS', shown)];
}

function refusal(facts: DisksFacts, after: MomentFacts): ChainStep[] {
  const { trace } = facts;
  const [first] = refusalsOf(facts);
  if (!trace || !first) return [];
  const who = after.disks.find((disk) => disk.rung !== 'each')?.name ?? `irq ${first.irq}`;
  const text =
    first.what === 'reserve-managed'
      ? `For ${who} a CPU has no bit left to reserve: irq_matrix_reserve_managed answers -28, and the rung with a vector per queue fails.`
      : `For ${who} the managed bits are still to be had, but no bit for its config interrupt: irq_matrix_alloc answers -28, and the rung with a vector per queue fails.`;
  return [step(text, 'VIRTIO-LADDER', [trace.at(first.line)])];
}

/** Disks that work on a lower rung: only the names of their interrupts say so. */
function rungStep(facts: DisksFacts, after: MomentFacts, rung: 'shared' | 'intx'): ChainStep[] {
  const disks = disksOn(after, rung);
  if (disks.length === 0) return [];
  const s = disks.length === 1 ? 's' : '';
  const what =
    rung === 'shared'
      ? `get${s} vectors that are not managed, two each, wherever there are some left`
      : `fall${s} back to INTx`;
  const names = span(disks.map((disk) => disk.name));
  return [
    step(
      `${names} still ${what}: no error says so, only the names of the interrupts.`,
      'VIRTIO-LADDER',
      interruptLines(facts, after, disks),
    ),
  ];
}

function failure(facts: DisksFacts, after: MomentFacts): ChainStep[] {
  const disks = failedDisks(after);
  const [first] = disks;
  if (!first) return [];
  const { irq } = first.record;
  const [conflict] = mismatches(after);
  const line = refusalsOf(facts).find((refused) => irq !== 0 && refused.irq === irq);
  const why = conflict
    ? 'has no interrupt line and asks for irq 0, which is the timer’s'
    : irq === 0
      ? 'has no interrupt line, so there is no INTx to fall back to'
      : `gets no vector for its INTx line, irq ${irq}, either`;
  const more = disks.length > 1 ? `, as do the probes of ${disks.length - 1} more` : '';
  return [
    step(
      `${first.name} ${why}: its probe fails with ${errnoText(first.failure!.errno)}${more}.`,
      irq === 0 ? 'VIRTIO-IRQ0' : 'VIRTIO-LADDER',
      [
        ...(line && facts.trace ? [facts.trace.at(line.line)] : []),
        ...(conflict ? [ofKernel(conflict)] : []),
        ofKernel(first.failure!.dated),
        first.at,
      ],
    ),
  ];
}

function afterwards({ after, remedied }: DisksFacts): ChainStep[] {
  const moment = remedied ?? after;
  if (!moment) return [];
  const have = moment.disks.filter((disk) => disk.rung !== 'none');
  const when = remedied ? 'After the remedy' : 'In the end';
  const read = moment.read ? [ofHarness(moment.read)] : [];
  return [
    step(
      `${when} ${have.length} of ${count(moment.disks.length, 'disk')} ${have.length === 1 ? 'has' : 'have'} a driver${moment.read ? `, and ${moment.read.worked} can be read` : ''}.`,
      'VIRTIO-WORKS',
      read,
    ),
  ];
}
