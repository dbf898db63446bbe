/**
 * What the model knows of the interrupts of the x86 vector domain. Undefined is "not known" everywhere: a trace may
 * begin in the middle, and a CPU may die unseen. Changed in place: one `Domain` a trace, however long.
 * Source: arch/x86/kernel/apic/vector.c struct apic_chip_data.
 */
import type { CpuSet } from '../vector/cpuset.ts';
import type { CpuEvent } from '../vector/types.ts';

/** What the last operation on an interrupt still owes. */
export type Due =
  | undefined
  /** The end of x86_vector_alloc_irqs, with the result that its policy had. */
  | { event: 'setup'; ret: number }
  /** x86_vector_activate(reserve): the dummy vector. */
  | { event: 'dummy' }
  /** activate_managed */
  | { event: 'start' }
  /** activate_reserved: the tries of assign_irq_vector_any_locked, how many failed, and what was available at the last. */
  | { event: 'tries'; failed: number; available?: number | undefined }
  /** Neither reservable nor managed: the same tries, but a vector that fits is kept without a word. */
  | { event: 'keep' }
  /** x86_vector_deactivate gives the vector back. */
  | { event: 'clear' };

export interface Irq {
  irq: number;
  /** It has an apic_chip_data: from its set-up to its teardown. */
  isSetUp: boolean | undefined;
  isManaged: boolean | undefined;
  canReserve: boolean | undefined;
  hasReserved: boolean | undefined;
  /** 0: none. */
  vector: number | undefined;
  cpu: number | undefined;
  /** The vector that a move left and that is not cleaned up yet; 0: none. */
  prevVector: number | undefined;
  prevCpu: number | undefined;
  /** Managed: the CPUs with a bit reserved for it, ascending. */
  cpus: readonly number[] | undefined;
  due: Due;
}

/** What has to come next from a CPU that holds vector_lock. */
export type Held =
  | { next: 'irq_matrix_reserve'; irq: number }
  | { next: 'vector_reserve'; irq: number | undefined }
  | { next: 'vector_alloc' | 'vector_alloc_managed'; taken: CpuEvent; reserved: boolean | undefined }
  | { next: 'vector_update'; irq: number; vector: number; cpu: number | undefined }
  /** `cpu` undefined: the first that is online. */
  | { next: 'vector_config'; irq: number; vector: number; cpu: number | undefined }
  | { next: 'irq_matrix_free'; irq: number; frees: readonly Freed[]; by: string; after: Held | undefined }
  | { next: 'vector_teardown'; irq: number }
  | { next: 'irq_matrix_remove_reserved'; irq: number; after: Held | undefined }
  /** `cpus` undefined: not known which, one at least. */
  | { next: 'irq_matrix_remove_managed'; irq: number; cpus: readonly number[] | undefined };

export interface Freed {
  vector: number;
  cpu: number;
  isManaged: boolean | undefined;
}

/** One CPU, as far as it works on vectors. */
export interface Section {
  /** Undefined: it holds no lock. */
  held: Held | undefined;
  /** What it was doing was not seen. */
  isUnknown: boolean;
  /** The interrupt that it activates. */
  activating: Irq | undefined;
  /** CPUs that irq_matrix_reserve_managed has taken a bit on, and how many of them it has given back. */
  reserving: { cpus: number[]; undone: number } | undefined;
  /** A function of the matrix was entered, says a probe; its tracepoint has not come yet. */
  probe: Probe | undefined;
  /** It is dying, and has allocated this for the interrupt whose vector it frees next. */
  migrating: { cpu: number; bit: number } | 'unknown' | undefined;
}

/** What a probe on the entry of a function of the matrix tells. */
export interface Probe {
  call: 'alloc' | 'alloc_managed' | 'reserve_managed' | 'remove_managed' | 'free' | 'offline';
  executing: number | undefined;
  mask?: CpuSet;
  online?: CpuSet;
  cpus?: number;
  reserved?: boolean;
  cpu?: number;
  bit?: number;
  managed?: boolean;
}

export interface Domain {
  irqs: Map<number, Irq>;
  /** By CPU number. */
  sections: (Section | undefined)[];
  /** Events that the recording holds: one that never came may not have been recorded. */
  seen: Set<string>;
  /** Nothing was missed: what is not here does not exist. */
  sinceBoot: boolean;
  /** `apicdest` by CPU: apic->calc_dest_apicid. */
  destinations: Map<number, number>;
  /** Interrupts that owe tries. */
  trying: number;
}

const lifeEvents = ['setup', 'config', 'activate', 'deactivate', 'clear', 'reserve', 'update', 'alloc'].map(
  (name) => `vector_${name}`,
);

/** The recording holds all that the life of an interrupt is told by. */
export function tellsLives({ seen }: Domain): boolean {
  return lifeEvents.every((name) => seen.has(name));
}

export function newDomain(sinceBoot: boolean): Domain {
  return {
    irqs: new Map(),
    sections: [],
    seen: new Set(),
    sinceBoot,
    destinations: new Map(),
    trying: 0,
  };
}

/** Events are missing: nothing is known but what the recording holds and where the CPUs are. */
export function forget(domain: Domain): void {
  domain.irqs.clear();
  domain.sections = [];
  domain.sinceBoot = false;
  domain.trying = 0;
}

/** A CPU died unseen: interrupts may have moved, stopped, or had their last move cleaned up. */
export function stir(domain: Domain): void {
  for (const irq of domain.irqs.values()) {
    if (irq.isSetUp === false || (irq.vector === 0 && irq.prevVector === 0)) continue;
    irq.vector = undefined;
    irq.cpu = undefined;
    irq.prevVector = undefined;
    irq.prevCpu = undefined;
  }
}

/** Kept by those who change it only: a hostile trace may name any number. */
export function irqOf(domain: Domain, number: number): Irq {
  const known = domain.irqs.get(number);
  if (known) return known;
  return domain.sinceBoot ? freshIrq(number) : unknownIrq(number);
}

/** NR_IRQS is far below: what is kept of a trace is bounded. */
const mostIrqs = 1 << 19;

export function keep(domain: Domain, irq: Irq): void {
  if (domain.irqs.size < mostIrqs) domain.irqs.set(irq.irq, irq);
}

export function freshIrq(irq: number): Irq {
  return {
    irq,
    isSetUp: false,
    isManaged: false,
    canReserve: false,
    hasReserved: false,
    vector: 0,
    cpu: undefined,
    prevVector: 0,
    prevCpu: undefined,
    cpus: undefined,
    due: undefined,
  };
}

export function unknownIrq(irq: number): Irq {
  return {
    irq,
    isSetUp: undefined,
    isManaged: undefined,
    canReserve: undefined,
    hasReserved: undefined,
    vector: undefined,
    cpu: undefined,
    prevVector: undefined,
    prevCpu: undefined,
    cpus: undefined,
    due: undefined,
  };
}

/** @param cpu undefined: the line does not show it, so that nothing is known of what comes before and after. */
export function sectionOf(domain: Domain, cpu: number | undefined): Section {
  const known = cpu === undefined ? undefined : domain.sections[cpu];
  if (known) return known;
  const section: Section = {
    held: undefined,
    isUnknown: cpu === undefined || !domain.sinceBoot,
    activating: undefined,
    reserving: undefined,
    probe: undefined,
    migrating: undefined,
  };
  if (cpu !== undefined) {
    while (domain.sections.length < cpu) domain.sections.push(undefined);
    domain.sections[cpu] = section;
  }
  return section;
}

export function setDue(domain: Domain, irq: Irq, due: Due): void {
  if (irq.due?.event === 'tries') domain.trying -= 1;
  if (due?.event === 'tries') domain.trying += 1;
  irq.due = due;
}
