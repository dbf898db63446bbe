/** Every kind of fault as the runner uses it. Its words are in schema.ts. */
import { healAer } from './aer/heal.ts';
import { type AerInjection, injectAer } from './aer/inject.ts';
import { proveAer } from './aer/prove.ts';
import { healChurn } from './affinity-churn/heal.ts';
import { type Churn, injectChurn, stopChurn } from './affinity-churn/inject.ts';
import { proveChurn } from './affinity-churn/prove.ts';
import { healCpuHotplug } from './cpu-hotplug/heal.ts';
import { type CpuCycle, injectCpuHotplug } from './cpu-hotplug/inject.ts';
import { proveCpuHotplug } from './cpu-hotplug/prove.ts';
import type { FaultKind } from './fault.ts';
import { healHotplug } from './hotplug/heal.ts';
import { type Cycle, injectHotplug } from './hotplug/inject.ts';
import { proveCycle } from './hotplug/prove.ts';
import { healIntxStorm } from './intx-storm/heal.ts';
import { injectIntxStorm, type StormInjection } from './intx-storm/inject.ts';
import { proveIntxStorm } from './intx-storm/prove.ts';
import { healIrqbalance } from './irqbalance/heal.ts';
import { type Balancing, injectIrqbalance, stopIrqbalance } from './irqbalance/inject.ts';
import { proveIrqbalance } from './irqbalance/prove.ts';
import { healLinkDown } from './link-down/heal.ts';
import { injectLinkDown, type LinkDown, stopLinkDown } from './link-down/inject.ts';
import { proveLinkDown } from './link-down/prove.ts';
import { healReset } from './reset/heal.ts';
import { injectReset, type Reset } from './reset/inject.ts';
import { proveReset } from './reset/prove.ts';
import type { Fault, FaultKindName, FaultOf } from './schema.ts';
import { healSriov } from './sriov/heal.ts';
import { injectSriov, type VfCycle } from './sriov/inject.ts';
import { proveVfs } from './sriov/prove.ts';
import { healPressure } from './vector-pressure/heal.ts';
import { injectPressure, type Pressure, stopPressure } from './vector-pressure/inject.ts';
import { provePressure } from './vector-pressure/prove.ts';

type KindOf<K extends FaultKindName, S> = FaultKind<FaultOf<K>, S>;

const aer: KindOf<'aer', AerInjection> = { inject: injectAer, prove: proveAer, heal: healAer };
const intxStorm: KindOf<'intx-storm', StormInjection> = {
  inject: injectIntxStorm,
  prove: proveIntxStorm,
  heal: healIntxStorm,
};

const hotplug: KindOf<'hotplug', Cycle> = {
  inject: injectHotplug,
  prove: async (fault, cycle) => proveCycle(fault, cycle),
  heal: (fault, _cycles, ctx, signal) => healHotplug(fault, ctx, signal),
};

const sriov: KindOf<'sriov', VfCycle> = {
  inject: injectSriov,
  prove: async (_fault, cycle) => proveVfs(cycle),
  heal: (fault, _cycles, ctx, signal) => healSriov(fault, ctx, signal),
};

const affinityChurn: KindOf<'affinity-churn', Churn> = {
  inject: injectChurn,
  stop: stopChurn,
  prove: proveChurn,
  heal: healChurn,
};
const irqbalance: KindOf<'irqbalance', Balancing> = {
  inject: injectIrqbalance,
  stop: stopIrqbalance,
  prove: proveIrqbalance,
  heal: healIrqbalance,
};

const reset: KindOf<'reset', Reset> = {
  inject: injectReset,
  prove: async (_fault, done) => proveReset(done),
  heal: (fault, _done, ctx, signal) => healReset(fault, ctx, signal),
};

const linkDown: KindOf<'link-down', LinkDown> = {
  inject: injectLinkDown,
  stop: stopLinkDown,
  prove: proveLinkDown,
  heal: (fault, _states, ctx, signal) => healLinkDown(fault, ctx, signal),
};

const cpuHotplug: KindOf<'cpu-hotplug', CpuCycle> = {
  inject: injectCpuHotplug,
  prove: proveCpuHotplug,
  heal: healCpuHotplug,
};

const vectorPressure: KindOf<'vector-pressure', Pressure> = {
  inject: injectPressure,
  stop: stopPressure,
  prove: async (fault, pressure) => provePressure(fault, pressure),
  heal: healPressure,
};

const kinds = {
  aer,
  'affinity-churn': affinityChurn,
  'cpu-hotplug': cpuHotplug,
  hotplug,
  'intx-storm': intxStorm,
  irqbalance,
  'link-down': linkDown,
  reset,
  sriov,
  'vector-pressure': vectorPressure,
} satisfies { [K in FaultKindName]: unknown };

/** What an injection remembers is its kind's own business. */
export function kindOf(fault: Fault): FaultKind<Fault, unknown> {
  return kinds[fault.kind] as unknown as FaultKind<Fault, unknown>;
}
