/** What the rules ask about: what the host kept before the faults and after them, its vectors, and its slots' buttons. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import { type Inventory, parseInventory } from '../../../evidence/inventory.ts';
import type { RunFacts } from '../../facts.ts';
import { type MatrixMoment, readTrace, type TraceReading, vectorsFile } from '../../slots/reading.ts';
import type { Evidence } from '../../types.ts';
import { type Press, pressesOf } from './presses.ts';

export const accountMoments = ['before-fault', 'end'] as const;

export interface MomentFacts {
  snapshot: Recorded<'snapshot'>;
  inventory: Inventory;
  /** A line of the inventory. */
  at: (line: number) => Evidence;
  /** The matrix at this moment; undefined without a trace. */
  trace: MatrixMoment | undefined;
}

export interface LeakFacts extends RunFacts {
  trace: TraceReading | undefined;
  before: MomentFacts | undefined;
  after: MomentFacts | undefined;
  /** Of the slots' buttons, by port. */
  presses: ReadonlyMap<string, Press[]>;
  /** Harness time of the first injection; infinite when nothing was injected. */
  faultTime: number;
}

export function leakFacts(run: RunFacts): LeakFacts {
  const markers = accountMoments.map((moment) => markerOf(run.harness, moment));
  const content = run.files(vectorsFile);
  const known = new Set(markers.filter((id) => id !== undefined));
  const trace = content === undefined ? undefined : readTrace(content, known, run.features);
  const [before, after] = accountMoments.map((moment, i) => {
    const id = markers[i];
    return momentFacts(run, moment, id === undefined ? undefined : trace?.moments.get(id));
  });
  const faultTime = Math.min(...ofKind(run.harness, 'injected').map((event) => event.t0));
  return { ...run, trace, before, after, presses: pressesOf(run), faultTime };
}

/** An inventory follows a marker, in the kernel log and in the trace: that is where its moment is. */
function markerOf(harness: readonly Recorded[], moment: string): string | undefined {
  const found = inventoryAt(harness, moment);
  if (!found) return undefined;
  return ofKind(harness, 'clock-marker').findLast((m) => m.machine === 'host' && m.t1 <= found.t0)?.id;
}

function inventoryAt(harness: readonly Recorded[], moment: string): Recorded<'snapshot'> | undefined {
  return ofKind(harness, 'snapshot').findLast(
    (s) => s.machine === 'host' && s.moment === moment && s.what === 'inventory',
  );
}

function momentFacts(
  run: RunFacts,
  moment: string,
  trace: MatrixMoment | undefined,
): MomentFacts | undefined {
  const snapshot = inventoryAt(run.harness, moment);
  const content = snapshot && run.files(snapshot.file);
  if (!snapshot || content === undefined) return undefined;
  const inventory = parseInventory(content);
  if (!inventory.whole) return undefined;
  const lines = content.split('\n');
  const at = (line: number): Evidence => ({
    file: snapshot.file,
    line,
    text: (lines[line - 1] ?? '').slice(0, 400),
    machine: 'host',
    t: snapshot.t0,
  });
  return { snapshot, inventory, at, trace };
}
