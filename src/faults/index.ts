/** Every kind of fault as the runner uses it. Its words are in schema.ts. */
import { healAer } from './aer/heal.ts';
import { type AerInjection, injectAer } from './aer/inject.ts';
import { proveAer } from './aer/prove.ts';
import type { FaultKind } from './fault.ts';
import { healHotplug } from './hotplug/heal.ts';
import { type Cycle, injectHotplug } from './hotplug/inject.ts';
import { proveCycle } from './hotplug/prove.ts';
import type { Fault, FaultKindName, FaultOf } from './schema.ts';
import { healSriov } from './sriov/heal.ts';
import { injectSriov, type VfCycle } from './sriov/inject.ts';
import { proveVfs } from './sriov/prove.ts';

type KindOf<K extends FaultKindName, S> = FaultKind<FaultOf<K>, S>;

const aer: KindOf<'aer', AerInjection> = { inject: injectAer, prove: proveAer, heal: healAer };

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

const kinds = { aer, hotplug, sriov } satisfies { [K in FaultKindName]: unknown };

/** What an injection remembers is its kind's own business. */
export function kindOf(fault: Fault): FaultKind<Fault, unknown> {
  return kinds[fault.kind] as unknown as FaultKind<Fault, unknown>;
}
