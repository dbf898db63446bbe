/**
 * Which vector an interrupt holds: got, moved away from, cleaned up, given back. Source:
 * arch/x86/kernel/apic/vector.c apic_update_vector, free_moved_vector, clear_irq_vector.
 */
import { Complaints } from './complaints.ts';
import type { Here, VectorFields } from './here.ts';
import { dummyVector, isaVector } from './life.ts';
import { type Freed, type Held, type Irq, keep, setDue, tellsLives } from './state.ts';

export function update(here: Here, irq: Irq, f: VectorFields): Complaints {
  const { domain, matrix, section } = here;
  const complaints = new Complaints();
  const held = section.held?.next === 'vector_update' ? section.held : undefined;
  complaints.is('VX2', 'vector', f.vector!, held?.vector, 'as it was allocated');
  complaints.is('VX2', 'cpu', f.cpu!, held?.cpu, 'as it was allocated');
  complaints.is('VX4', 'prev_vector', f.prev_vector!, irq.vector, 'the vector that it holds');
  if (f.prev_vector !== 0) {
    complaints.is('VX4', 'prev_cpu', f.prev_cpu!, irq.cpu, 'where it holds its vector');
    if (f.prev_cpu === f.cpu)
      complaints.add('VX9', 'cpu', f.cpu!, 'another: a vector is kept while its CPU will do');
  }
  if (complaints.any) return complaints;
  keep(domain, irq);
  const next: Held = { next: 'vector_config', irq: irq.irq, vector: f.vector!, cpu: f.cpu! };
  const isLeft = f.prev_vector !== 0 && f.prev_vector !== dummyVector;
  const isOnline = isLeft ? matrix.cpus[f.prev_cpu!]?.online : undefined;
  irq.prevVector = 0;
  section.held = next;
  if (isLeft && isOnline === false) {
    const freed = { vector: f.prev_vector!, cpu: f.prev_cpu!, isManaged: irq.isManaged };
    section.held = { next: 'irq_matrix_free', irq: irq.irq, frees: [freed], by: 'update', after: next };
  } else if (isLeft) {
    irq.prevVector = isOnline ? f.prev_vector : undefined;
    irq.prevCpu = isOnline ? f.prev_cpu : undefined;
    // It may be freed at once, or not.
    if (!isOnline) {
      section.held = undefined;
      section.isUnknown = true;
    }
  }
  irq.hasReserved = false;
  // The core may have turned reservation off since (activate_reserved); the next activation says.
  if (irq.due?.event === 'tries') irq.canReserve = undefined;
  if (irq.isSetUp === false) setDue(domain, irq, { event: 'setup', ret: 0 });
  else setDue(domain, irq, undefined);
  irq.vector = f.vector;
  irq.cpu = f.cpu;
  return complaints;
}

export function freeMoved(here: Here, irq: Irq, f: VectorFields): Complaints {
  const { domain, matrix, section, executing } = here;
  const complaints = new Complaints();
  complaints.is('VX4', 'vector', f.vector!, irq.prevVector, 'the vector that it moved away from');
  if (irq.prevVector) complaints.is('VX4', 'cpu', f.cpu!, irq.prevCpu, 'where it moved away from');
  complaints.is('VX3', 'is_managed', f.is_managed!, irq.isManaged, 'as it was set up');
  const isOnline = matrix.cpus[f.cpu!]?.online;
  if (executing !== undefined && executing !== f.cpu && isOnline === true)
    complaints.add('VX9', 'cpu', f.cpu!, `${executing}: an online CPU cleans up its own vectors`);
  if (complaints.any) return complaints;
  keep(domain, irq);
  irq.isManaged = f.is_managed === 1;
  irq.prevVector = 0;
  const freed = { vector: f.vector!, cpu: f.cpu!, isManaged: irq.isManaged };
  section.held = {
    next: 'irq_matrix_free',
    irq: irq.irq,
    frees: [freed],
    by: 'free_moved',
    after: undefined,
  };
  return complaints;
}

export function clear(here: Here, irq: Irq, f: VectorFields): Complaints {
  const { domain, section } = here;
  const complaints = new Complaints();
  const isLegacy = irq.isSetUp === false;
  complaints.is(
    'VX4',
    'vector',
    f.vector!,
    isLegacy ? isaVector(irq.irq) : irq.vector,
    'the vector that it holds',
  );
  complaints.is('VX4', 'cpu', f.cpu!, isLegacy ? 0 : irq.cpu, 'where it holds its vector');
  if (domain.seen.has('vector_free_moved'))
    complaints.is('VX4', 'prev_vector', f.prev_vector!, irq.prevVector, 'the vector that it moved away from');
  if (f.prev_vector !== 0 && irq.prevVector)
    complaints.is('VX4', 'prev_cpu', f.prev_cpu!, irq.prevCpu, 'where it moved away from');
  if (complaints.any) return complaints;
  keep(domain, irq);
  irq.vector = 0;
  irq.prevVector = 0;
  const frees: Freed[] = [{ vector: f.vector!, cpu: f.cpu!, isManaged: irq.isManaged }];
  if (f.prev_vector !== 0) frees.push({ vector: f.prev_vector!, cpu: f.prev_cpu!, isManaged: irq.isManaged });
  const after = isLegacy || !tellsLives(domain) ? undefined : afterClear(irq);
  section.held = { next: 'irq_matrix_free', irq: irq.irq, frees, by: 'clear', after };
  section.isUnknown = after === undefined && !(isLegacy && tellsLives(domain));
  return complaints;
}

/** x86_vector_deactivate reserves again, or leaves the dummy; x86_vector_free_irqs tears down. */
function afterClear(irq: Irq): Held | undefined {
  if (irq.isSetUp === undefined) return undefined;
  if (irq.due?.event !== 'clear') return { next: 'vector_teardown', irq: irq.irq };
  if (irq.canReserve === undefined) return undefined;
  if (irq.canReserve) return { next: 'irq_matrix_reserve', irq: irq.irq };
  return { next: 'vector_config', irq: irq.irq, vector: dummyVector, cpu: undefined };
}
