/** Every kind of fault that a lab can have: a new one is a folder here, and a line in each of these tables. */
import { z } from 'zod';
import { AerFault, aerWords } from './aer/schema.ts';
import { AffinityChurnFault, affinityChurnWords } from './affinity-churn/schema.ts';
import { CpuHotplugFault, cpuHotplugWords } from './cpu-hotplug/schema.ts';
import { HotplugFault, hotplugWords } from './hotplug/schema.ts';
import { IntxStormFault, intxStormWords } from './intx-storm/schema.ts';
import { IrqbalanceFault, irqbalanceWords } from './irqbalance/schema.ts';
import { LinkDownFault, linkDownWords } from './link-down/schema.ts';
import { ResetFault, resetWords } from './reset/schema.ts';
import { SriovFault, sriovWords } from './sriov/schema.ts';
import { VectorPressureFault, vectorPressureWords } from './vector-pressure/schema.ts';
import type { FaultWords } from './words.ts';

export const Fault = z.discriminatedUnion('kind', [
  AerFault,
  AffinityChurnFault,
  CpuHotplugFault,
  HotplugFault,
  IntxStormFault,
  IrqbalanceFault,
  LinkDownFault,
  ResetFault,
  SriovFault,
  VectorPressureFault,
]);
export type Fault = z.infer<typeof Fault>;
export type FaultKindName = Fault['kind'];
export type FaultOf<K extends FaultKindName> = Extract<Fault, { kind: K }>;

const words: { [K in FaultKindName]: FaultWords<FaultOf<K>> } = {
  aer: aerWords,
  hotplug: hotplugWords,
  sriov: sriovWords,
  'affinity-churn': affinityChurnWords,
  irqbalance: irqbalanceWords,
  'intx-storm': intxStormWords,
  reset: resetWords,
  'link-down': linkDownWords,
  'cpu-hotplug': cpuHotplugWords,
  'vector-pressure': vectorPressureWords,
};

export function wordsOf<F extends Fault>(fault: F): FaultWords<F> {
  return words[fault.kind] as unknown as FaultWords<F>;
}
