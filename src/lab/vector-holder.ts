/** The device that `vector-pressure` takes interrupt vectors with: in the last slot, of the variants that have the fault. */
import type { PciSlot } from '../machine/spec.ts';
import type { Lab } from './schema.ts';
import { faultName } from './schema-schedule.ts';
import { freeSlots } from './topology.ts';

export function holderSlots(lab: Lab, variant: string): PciSlot[] {
  const faults = lab.variants[variant]!.faults.map((entry) => lab.faults[faultName(entry)]!);
  if (!faults.some(({ kind }) => kind === 'vector-pressure')) return [];
  return [{ slot: freeSlots(lab).at(-1)!, kind: 'vector-holder', id: 'vector-holder' }];
}
