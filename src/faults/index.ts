/** Every kind of fault as the runner uses it. Its words are in schema.ts. */
import { healAer } from './aer/heal.ts';
import { type AerInjection, injectAer } from './aer/inject.ts';
import { proveAer } from './aer/prove.ts';
import type { FaultKind } from './fault.ts';
import type { Fault, FaultKindName, FaultOf } from './schema.ts';

type KindOf<K extends FaultKindName, S> = FaultKind<FaultOf<K>, S>;

const aer: KindOf<'aer', AerInjection> = { inject: injectAer, prove: proveAer, heal: healAer };

const kinds = { aer } satisfies { [K in FaultKindName]: unknown };

/** What an injection remembers is its kind's own business. */
export function kindOf(fault: Fault): FaultKind<Fault, unknown> {
  return kinds[fault.kind] as unknown as FaultKind<Fault, unknown>;
}
