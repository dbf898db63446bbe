/**
 * The life of an interrupt in the domain: reserved or reserved as managed, set up, torn down. Source:
 * arch/x86/kernel/apic/vector.c x86_vector_alloc_irqs, assign_irq_vector_policy, vector_configure_legacy,
 * x86_vector_free_irqs.
 */
import { Complaints } from './complaints.ts';
import type { Here, VectorFields } from './here.ts';
import { freshIrq, type Held, type Irq, keep, setDue, tellsLives } from './state.ts';

/** MANAGED_IRQ_SHUTDOWN_VECTOR (irq_vectors.h): the dummy of an interrupt without a vector; not in the matrix. */
export const dummyVector = 239;

/** reserve_irq_vector_locked: in a new life, or when the vector was given back. */
export function reserve({ domain, section }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = new Complaints();
  complaints.is('VX7', 'ret', f.ret!, 0, 'which a reservation always is');
  const isNew = irq.isSetUp === false;
  if (!isNew && irq.due?.event !== 'clear' && irq.isSetUp === true)
    complaints.add('VX7', 'irq', irq.irq, 'another: it is set up, and not being deactivated');
  if (complaints.any) return complaints;
  keep(domain, irq);
  irq.isManaged = false;
  irq.vector = 0;
  irq.prevVector = 0;
  irq.canReserve = true;
  irq.hasReserved = true;
  setDue(domain, irq, isNew ? { event: 'setup', ret: 0 } : undefined);
  section.held = { next: 'vector_config', irq: irq.irq, vector: dummyVector, cpu: undefined };
  return complaints;
}

/** reserve_managed_vector, after the lock. */
export function reserveManaged(here: Here, irq: Irq, f: VectorFields): Complaints {
  const { domain, section } = here;
  const complaints = new Complaints();
  if (irq.isSetUp === true) complaints.add('VX7', 'irq', irq.irq, 'another: it is set up');
  // The task may have gone on elsewhere between the unlock and here.
  const reserved = section.reserving ?? only(domain.sections.map((one) => one?.reserving));
  const { cpus = undefined, undone = 0 } = reserved ?? {};
  const isUndone = cpus !== undefined && undone === cpus.length;
  if (f.ret === 0) {
    if (cpus && undone > 0) complaints.add('VX10', 'ret', 0, '-28: what was reserved is given back');
  } else if (f.ret !== -28) complaints.add('VX10', 'ret', f.ret!, '0 or -28');
  else if (cpus && !isUndone)
    complaints.add('VX10', 'ret', -28, `0: ${cpus.length - undone} of the bits reserved are not given back`);
  if (complaints.any) return complaints;
  for (const one of domain.sections) if (one && one.reserving === reserved) one.reserving = undefined;
  keep(domain, irq);
  Object.assign(irq, freshIrq(irq.irq), { isManaged: true, cpus: f.ret === 0 ? cpus : undefined });
  setDue(domain, irq, { event: 'setup', ret: f.ret! });
  return complaints;
}

function only<T>(all: readonly (T | undefined)[]): T | undefined {
  const there = all.filter((one) => one !== undefined);
  return there.length === 1 ? there[0] : undefined;
}

export function setup({ domain, section }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = new Complaints();
  const { due } = irq;
  if (irq.isSetUp === true) complaints.add('VX7', 'irq', irq.irq, 'another: it is set up');
  else if (due?.event === 'setup') complaints.is('VX7', 'ret', f.ret!, due.ret, 'as its reservation had');
  else if (irq.isSetUp === false && f.is_legacy === 0 && domain.seen.has('vector_reserve_managed'))
    complaints.add('VX7', 'irq', irq.irq, 'another: nothing was reserved or allocated for it');
  if (complaints.any) return complaints;
  keep(domain, irq);
  setDue(domain, irq, undefined);
  if (f.ret !== 0) {
    Object.assign(irq, freshIrq(irq.irq));
    domain.irqs.delete(irq.irq);
    return complaints;
  }
  irq.isSetUp = true;
  if (f.is_legacy === 1) {
    Object.assign(irq, freshIrq(irq.irq), { isSetUp: true, vector: isaVector(irq.irq), cpu: 0 });
    section.held = { next: 'vector_config', irq: irq.irq, vector: isaVector(irq.irq), cpu: 0 };
  }
  return complaints;
}

/** ISA_IRQ_VECTOR (irq_vectors.h). */
export function isaVector(irq: number): number {
  return 48 + irq;
}

/** vector_free_reserved_and_managed */
export function teardown({ domain, section }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = new Complaints();
  complaints.is('VX3', 'is_managed', f.is_managed!, irq.isManaged, 'as it was set up');
  complaints.is('VX3', 'has_reserved', f.has_reserved!, irq.hasReserved, 'as its last activation left it');
  if (irq.isSetUp === false && irq.due === undefined)
    complaints.add('VX7', 'irq', irq.irq, 'another: it is not set up');
  if (irq.vector)
    complaints.add(
      'VX7',
      'irq',
      irq.irq,
      `vector_clear first: it holds vector ${irq.vector} of CPU ${irq.cpu}`,
    );
  if (complaints.any) return complaints;
  // An interrupt's number is used again: the CPUs may be those of its last life.
  const isTold = tellsLives(domain) && domain.seen.has('vector_reserve_managed');
  const cpus: Held | undefined =
    f.is_managed === 1
      ? { next: 'irq_matrix_remove_managed', irq: irq.irq, cpus: isTold ? irq.cpus : undefined }
      : undefined;
  section.held =
    f.has_reserved === 1 ? { next: 'irq_matrix_remove_reserved', irq: irq.irq, after: cpus } : cpus;
  setDue(domain, irq, undefined);
  if (domain.sinceBoot) domain.irqs.delete(irq.irq);
  else {
    keep(domain, irq);
    Object.assign(irq, freshIrq(irq.irq));
  }
  return complaints;
}
