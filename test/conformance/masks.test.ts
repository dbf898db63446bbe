/**
 * The masks of managed vectors in the recordings of the repository, as probes tell them, against the spreading of the
 * model. Their machines have one node, and a thread a core.
 */
import { describe, expect, test } from 'vitest';
import { kernelOf, readTrace, repositoryTraces } from '../../conformance/store.ts';
import { readVectorText } from '../../src/evidence/ftrace/vectors.ts';
import { kernelFeatures, kernelVersion } from '../../src/model/features.ts';
import { type SpreadBehaviour, spreadCpus } from '../../src/model/spread/spread.ts';
import { diskBehaviours } from '../../src/model/virtio/behaviour.ts';

interface ManagedSet {
  masks: number[][];
  online: number[];
  cpus: number;
}

const bitsOf = (words: readonly number[], cpus: number) =>
  Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => (words[cpu >> 5]! >>> (cpu & 31)) & 1);

/** One a function: its irqs follow each other, and no CPU is in two masks. */
function setsIn(trace: string): ManagedSet[] {
  const sets: ManagedSet[] = [];
  let last = -1;
  let asked: ManagedSet | undefined;
  for (const line of trace.split('\n')) {
    const read = readVectorText(line);
    if (read?.type === 'probe' && read.event.call === 'reserve_managed') {
      const { mask, online, cpus } = read.event;
      asked = { masks: [bitsOf(mask!, cpus!)], online: bitsOf(online!, cpus!), cpus: cpus! };
    }
    if (read?.type !== 'vector' || read.event.name !== 'reserve_managed' || !asked) continue;
    const set = sets.at(-1);
    const [mask = []] = asked.masks;
    const irq = read.event.fields.irq!;
    if (set && irq === last + 1 && !mask.some((cpu) => set.masks.flat().includes(cpu))) set.masks.push(mask);
    else sets.push(asked);
    last = irq;
    asked = undefined;
  }
  return sets;
}

function foretold({ masks, online, cpus }: ManagedSet, behaviour: SpreadBehaviour): number[][] {
  const possible = Array.from({ length: cpus }, (_, cpu) => cpu);
  const topology = { possible, present: possible, online, nodes: [possible], siblings: [] };
  return spreadCpus(masks.length, topology, behaviour);
}

const files = repositoryTraces().filter((file) => file.endsWith('.gz'));
const kernels = [...new Set(files.map(kernelOf))];

test('some were made while CPUs were off', () => {
  const sets = files.filter((file) => file.includes('-cpus')).flatMap((file) => setsIn(readTrace(file)));
  expect(sets.some(({ online, cpus }) => online.length < cpus)).toBe(true);
});

describe.each(kernels)('%s', (kernel) => {
  const [{ behaviour }] = diskBehaviours(kernelFeatures(kernelVersion(kernel!))) as [
    ReturnType<typeof diskBehaviours>[0],
  ];
  const sets = files.filter((file) => kernelOf(file) === kernel).flatMap((file) => setsIn(readTrace(file)));

  test('every set is shared out as foretold', () => {
    expect(sets.map(({ masks }) => masks)).toEqual(sets.map((set) => foretold(set, behaviour.spread)));
  });

  test('that of the other kernels, by clusters or not, is found out', () => {
    const other = { ...behaviour.spread, clusters: !behaviour.spread.clusters };
    const departs = (set: ManagedSet) => JSON.stringify(set.masks) !== JSON.stringify(foretold(set, other));
    expect(sets.filter(departs).length).toBeGreaterThan(0);
  });
});
