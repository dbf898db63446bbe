/** What the files tell of the machine as a whole. */
import type { Casebook } from './casebook.ts';
import type { MachineRead } from './types.ts';

export function machineOf(book: Casebook): MachineRead {
  const machine: MachineRead = {};
  const release = book.of('boot')[0]?.release ?? book.of('stack-head')[0]?.release;
  if (release !== undefined) machine.release = release;
  const told = book.of('cpus');
  // "Brought up" counts what is there; "Allowing" counts what could be.
  const brought = told.find((fact) => fact.nodes !== undefined) ?? told[0];
  const columns = book.of('interrupt-row').reduce((most, { row }) => Math.max(most, row.counts.length), 0);
  const maps = book.of('matrix-print').at(-1)?.onlineMaps;
  const cpus = maps ?? brought?.cpus ?? (columns > 0 ? columns : undefined);
  if (cpus !== undefined && cpus > 0) machine.cpus = cpus;
  if (brought?.nodes !== undefined) machine.nodes = brought.nodes;
  return machine;
}
