/** What probes add: the mask for the event to come, and what a dying CPU does, for which no event comes. */
import { clipped, hasCpu, isEmpty } from '../vector/cpuset.ts';
import type { MatrixState } from '../vector/types.ts';
import { type Outcome, type Unprinted, unprinted } from '../vector/unprinted.ts';
import { type Domain, type Irq, type Probe, sectionOf } from './state.ts';

/** @returns undefined when the probe only announces its own tracepoint. */
export function stepProbe(domain: Domain, probe: Probe, matrix: MatrixState): Outcome | undefined {
  const { executing, online } = probe;
  if (executing === undefined) return undefined;
  const section = sectionOf(domain, executing);
  section.probe = probe;
  // Its entry: what was reserved before is another interrupt's.
  if (probe.call === 'reserve_managed') section.reserving = undefined;
  if (!online || hasCpu(online, executing)) return undefined;
  section.probe = undefined;
  const operation = operationOf(probe, executing);
  if (!operation) return undefined;
  const outcome = unprinted(matrix, operation);
  if (outcome.departures.length === 0) follow(domain, operation, outcome, executing);
  return outcome;
}

function operationOf({ call, mask, cpus, ...rest }: Probe, executing: number): Unprinted | undefined {
  if (call === 'offline') return { call, cpu: executing };
  if (call === 'free' && rest.cpu !== undefined && rest.bit !== undefined && rest.managed !== undefined)
    return { call, cpu: rest.cpu, bit: rest.bit, managed: rest.managed };
  if (!mask || isEmpty(mask)) return undefined;
  if (call === 'alloc') return { call, mask: clipped(mask, cpus), reserved: rest.reserved === true };
  return call === 'alloc_managed' ? { call, mask: clipped(mask, cpus) } : undefined;
}

/** fixup_irqs: what is allocated replaces the vector that is freed next; what is freed alone is gone. */
function follow(domain: Domain, operation: Unprinted, { taken }: Outcome, dying: number): void {
  const section = sectionOf(domain, dying);
  if (operation.call === 'alloc' || operation.call === 'alloc_managed') {
    section.held = undefined;
    section.migrating = taken === 'none' ? undefined : (taken ?? 'unknown');
    return;
  }
  if (operation.call !== 'free') return;
  const irq = holderOf(domain, operation.cpu, operation.bit);
  const to = section.migrating;
  section.migrating = undefined;
  if (!irq) return;
  if (irq.prevVector === operation.bit && irq.prevCpu === operation.cpu) {
    irq.prevVector = 0;
    return;
  }
  irq.vector = to === undefined ? 0 : to === 'unknown' ? undefined : to.bit;
  irq.cpu = to === undefined || to === 'unknown' ? undefined : to.cpu;
}

function holderOf(domain: Domain, cpu: number, vector: number): Irq | undefined {
  for (const irq of domain.irqs.values()) {
    if (irq.vector === vector && irq.cpu === cpu) return irq;
    if (irq.prevVector === vector && irq.prevCpu === cpu) return irq;
  }
  return undefined;
}
