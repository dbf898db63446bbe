/**
 * x86 vectors. Sources: kernel/irq/matrix.c (irq_matrix_reserve), arch/x86/kernel/apic/vector.c
 * (activate_reserved, activate_managed, lapic_can_unplug_cpu), arch/x86/kernel/irq.c (do_IRQ, __common_interrupt,
 * reevaluate_vector), kernel/irq/cpuhotplug.c (migrate_one_irq). These files print without a prefix.
 */

export type VectorFact =
  /** Printed when the reservations have just become as many as there are vectors left: once per crossing. */
  | { kind: 'reservation-exceeds' }
  /** An interrupt came to a slot that no irq owns. Rate-limited: a line stands for one or more. */
  | { kind: 'no-irq-handler'; cpu: number; vector: number }
  /** The irq got a vector outside the CPUs that it was meant for. */
  | { kind: 'affinity-broken'; irq: number }
  | { kind: 'managed-startup-failed'; irq: number; why: 'no-cpu' | 'no-vector' }
  | { kind: 'cpu-offline-refused'; cpu: number; vectors: number; available: number }
  | { kind: 'reserved-over-available'; reserved: number; available: number }
  /** A move to another CPU failed while one went offline: −28 is "no vector", −16 "a move is under way". */
  | { kind: 'set-affinity-failed'; irq: number; errno: number };

// ≤ 4.14 `do_IRQ: 1.38 No irq handler for vector (irq -1)`, ≤ 5.7 `do_IRQ: …`, then `common_interrupt: …` and
// `__common_interrupt: …`; from 6.12.42, 6.15.10 and 6.17 on `No irq handler for 1.38`.
const noHandlerOld =
  /^(?:(?:do_IRQ|__common_interrupt|common_interrupt|call_irq_handler|handle_irq): )?(\d{1,5})\.(\d{1,3}) No irq handler for vector/;
const noHandlerNew = /^No irq handler for (\d{1,5})\.(\d{1,3})/;
const broken = /^irq (\d{1,7}): Affinity broken due to vector space exhaustion/;
const noCpu = /^Managed startup for irq (\d{1,7}), but no CPU/;
const noVector = /^Managed startup irq (\d{1,7}), no vector available/;
const refused = /^CPU (\d{1,5}) has (\d{1,6}) vectors, (\d{1,6}) available\. Cannot disable CPU/;
const reserved = /^Reserved vectors (\d{1,7}) > available (\d{1,7})\. IRQ request may fail/;
const affinity = /^IRQ(\d{1,7}): set affinity failed\((-?\d{1,4})\)/;

export function parseVectors(message: string): VectorFact | undefined {
  if (message.startsWith('Interrupt reservation exceeds available resources'))
    return { kind: 'reservation-exceeds' };
  let m = noHandlerOld.exec(message) ?? noHandlerNew.exec(message);
  if (m) return { kind: 'no-irq-handler', cpu: Number(m[1]), vector: Number(m[2]) };
  m = broken.exec(message);
  if (m) return { kind: 'affinity-broken', irq: Number(m[1]) };
  m = noCpu.exec(message);
  if (m) return { kind: 'managed-startup-failed', irq: Number(m[1]), why: 'no-cpu' };
  m = noVector.exec(message);
  if (m) return { kind: 'managed-startup-failed', irq: Number(m[1]), why: 'no-vector' };
  m = refused.exec(message);
  if (m)
    return {
      kind: 'cpu-offline-refused',
      cpu: Number(m[1]),
      vectors: Number(m[2]),
      available: Number(m[3]),
    };
  m = reserved.exec(message);
  if (m) return { kind: 'reserved-over-available', reserved: Number(m[1]), available: Number(m[2]) };
  m = affinity.exec(message);
  if (m) return { kind: 'set-affinity-failed', irq: Number(m[1]), errno: Number(m[2]) };
  return undefined;
}
