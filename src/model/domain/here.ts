/** What a step of the domain looks at. */
import type { MatrixState } from '../vector/types.ts';
import type { Domain, Section } from './state.ts';

export interface Here {
  domain: Domain;
  /** Before the event. */
  matrix: MatrixState;
  /** Of the CPU that executed the event. */
  section: Section;
  executing: number | undefined;
}

/** The fields of a `vector_*` event by the kernel's names. */
export type VectorFields = Readonly<Record<string, number>>;

export interface VectorEvent {
  name: string;
  executing: number | undefined;
  fields: VectorFields;
}

/** cpumask_first(cpu_online_mask); undefined: not known. */
export function firstOnline({ cpus, sinceBoot }: MatrixState): number | undefined {
  for (let cpu = 0; cpu < cpus.length; cpu += 1) {
    const one = cpus[cpu];
    if (one?.online === true) return cpu;
    if (one ? one.online === undefined : !sinceBoot) return undefined;
  }
  return undefined;
}
