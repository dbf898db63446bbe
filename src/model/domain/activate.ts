/**
 * Activation and deactivation, and the vector that the hardware is told. Source: arch/x86/kernel/apic/vector.c
 * x86_vector_activate, activate_managed, activate_reserved, assign_irq_vector_any_locked, x86_vector_deactivate,
 * apic_update_irq_cfg.
 */
import { Complaints } from './complaints.ts';
import { firstOnline, type Here, type VectorFields } from './here.ts';
import { dummyVector } from './life.ts';
import { type Due, type Irq, keep, setDue } from './state.ts';

function flags(irq: Irq, f: VectorFields): Complaints {
  const complaints = new Complaints();
  complaints.is('VX3', 'is_managed', f.is_managed!, irq.isManaged, 'as it was set up');
  complaints.is('VX3', 'can_reserve', f.can_reserve!, irq.canReserve, 'as it was set up and activated');
  if (irq.isSetUp === false) complaints.add('VX7', 'irq', irq.irq, 'another: it is not set up');
  return complaints;
}

export function activate({ domain, section }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = flags(irq, f);
  if (complaints.any) return complaints;
  keep(domain, irq);
  irq.isSetUp = true;
  irq.isManaged = f.is_managed === 1;
  // activate_reserved may have taken this away, which no event says.
  irq.canReserve = f.can_reserve === 1;
  setDue(domain, irq, owed(irq, f));
  section.activating = irq;
  return complaints;
}

function owed(irq: Irq, f: VectorFields): Due {
  if (f.can_reserve === 0 && f.is_managed === 0) return { event: 'keep' };
  if (f.reserve === 1) return { event: 'dummy' };
  if (f.is_managed === 1) return { event: 'start' };
  return irq.hasReserved === false ? undefined : { event: 'tries', failed: 0 };
}

export function deactivate({ domain }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = flags(irq, f);
  complaints.is('VX3', 'reserve', f.reserve!, 0, 'which a deactivation always has');
  if (complaints.any) return complaints;
  keep(domain, irq);
  irq.isSetUp = true;
  irq.isManaged = f.is_managed === 1;
  irq.canReserve = f.can_reserve === 1;
  const gives = (irq.isManaged || irq.canReserve) && irq.hasReserved !== true && irq.vector !== 0;
  setDue(domain, irq, gives ? { event: 'clear' } : undefined);
  return complaints;
}

/** assign_vector_locked and assign_managed_vector, after the matrix answered. */
export function alloc(here: Here, irq: Irq, f: VectorFields, isManaged: boolean): Complaints {
  const complaints = new Complaints();
  complaints.is('VX3', 'irq', isManaged ? 1 : 0, irq.isManaged, 'that is, an irq of the other kind');
  if (!isManaged)
    complaints.is('VX3', 'reserved', f.reserved!, irq.hasReserved, 'as its last activation left it');
  if (irq.isSetUp === false && f.reserved === 1)
    complaints.add('VX7', 'irq', irq.irq, 'another: it is not set up');
  // A vector comes from an activation, or in exchange for another.
  if (irq.isSetUp === true && irq.vector === 0 && irq.due === undefined && irq.canReserve !== false)
    complaints.add('VX8', 'irq', irq.irq, 'another: it has no vector and is not being activated');
  if (irq.prevVector) {
    const old = `vector ${irq.prevVector} of CPU ${irq.prevCpu}`;
    complaints.add(
      'VX9',
      'irq',
      irq.irq,
      `none: it moved away from ${old}, which is not cleaned up yet (-EBUSY)`,
    );
  }
  if (complaints.any) return complaints;
  return f.ret === 0 ? allocated(here, irq, f) : failed(here, irq, f, isManaged);
}

function allocated({ section }: Here, irq: Irq, f: VectorFields): Complaints {
  const complaints = new Complaints();
  const { held } = section;
  const taken = held && 'taken' in held ? held : undefined;
  if (taken) {
    const by = `by irq_matrix_${taken.taken.kind} before it`;
    complaints.is('VX2', 'vector', f.vector!, taken.taken.bit, by);
    if (f.reserved !== undefined) complaints.is('VX2', 'reserved', f.reserved, taken.reserved, by);
  } else if (!section.isUnknown)
    complaints.add('VX2', 'ret', 0, 'an error: the matrix gave no vector on that CPU');
  if (complaints.any) return complaints;
  irq.hasReserved = false;
  section.held = { next: 'vector_update', irq: irq.irq, vector: f.vector!, cpu: taken?.taken.cpu };
  return complaints;
}

/** irq_matrix_alloc: -EINVAL for an empty mask, -ENOSPC when no CPU of the mask has anything available. */
function failed(
  { domain, matrix, section }: Here,
  irq: Irq,
  f: VectorFields,
  isManaged: boolean,
): Complaints {
  const complaints = new Complaints();
  complaints.is('VX2', 'vector', f.vector!, 0, 'with an error');
  if (f.ret !== -22 && f.ret !== -28) complaints.add('VX8', 'ret', f.ret!, '0, -22 or -28');
  if (complaints.any) return complaints;
  section.held = undefined;
  const { due } = irq;
  if (due?.event === 'start' && isManaged) setDue(domain, irq, undefined);
  if (due?.event !== 'tries') return complaints;
  due.failed += 1;
  due.available = matrix.globalAvailable;
  // The fourth try is all online CPUs.
  if (due.failed >= 4) complaints.departures.push(...tooEarly(irq, matrix.globalAvailable, f.ret!));
  return complaints;
}

/** The tries end in success, after the second (no node), or after the fourth; the last is all online CPUs. */
export function triesEnded(irq: Irq): Complaints {
  const complaints = new Complaints();
  if (irq.due?.event !== 'tries') return complaints;
  // As it was at the last try: what came after may have freed vectors, as virtio-pci does those of the same device.
  const { failed, available } = irq.due;
  if (failed !== 2 && failed !== 4)
    complaints.add(
      'VX8',
      'irq',
      irq.irq,
      `none: irq ${irq.irq} is being activated, ${failed} tries failed; 2 do, or 4`,
    );
  else complaints.departures.push(...tooEarly(irq, available, -28));
  return complaints;
}

function tooEarly(irq: Irq, available: number | undefined, ret: number) {
  if (!available) return [];
  const allowed = `0: the last try takes any online CPU, and ${available} vectors are available`;
  return [{ rule: 'VX8' as const, field: 'ret', got: ret, allowed: `${allowed} (irq ${irq.irq})` }];
}

/** apic_update_irq_cfg: a real vector right after the update; the dummy for what is reserved or shut down. */
export function config(here: Here, irq: Irq, f: VectorFields): Complaints {
  const { domain, matrix, section } = here;
  const complaints = new Complaints();
  const held = section.held?.next === 'vector_config' ? section.held : undefined;
  const isDummy = f.vector === dummyVector;
  if (held)
    complaints.is('VX5', 'vector', f.vector!, held.vector, 'as vector_update or vector_reserve before it');
  if (isDummy) complaints.is('VX5', 'cpu', f.cpu!, firstOnline(matrix), 'the first that is online');
  else complaints.is('VX5', 'cpu', f.cpu!, held?.cpu, 'as vector_update before it');
  if (!held && !section.isUnknown && !isDummy)
    complaints.add('VX5', 'vector', f.vector!, `${dummyVector}: irq ${irq.irq} gets no vector here`);
  if (isDummy && irq.vector)
    complaints.add('VX5', 'vector', f.vector!, `${irq.vector}, the vector that irq ${irq.irq} holds`);
  complaints.is(
    'VX11',
    'apicdest',
    f.apicdest!,
    domain.destinations.get(f.cpu!),
    `as before for CPU ${f.cpu}`,
  );
  if (complaints.any) return complaints;
  if (domain.destinations.size < 8192) domain.destinations.set(f.cpu!, f.apicdest!);
  section.held = undefined;
  section.isUnknown = false;
  if (irq.due && irq.due.event !== 'setup') setDue(domain, irq, undefined);
  if (irq.isSetUp === true || irq.due) keep(domain, irq);
  return complaints;
}
