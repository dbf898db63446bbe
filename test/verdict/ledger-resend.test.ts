/** An interrupt that arrives while VFIO frees its irq to request it anew: noted, and sent again by the kernel. */
import { expect, test } from 'vitest';
import { LedgerReader } from '../../src/verdict/ledger.ts';
import { TwoTraces } from './ledger-traces.ts';

/** @param again the kernel sends vector 38 to itself once the irq is requested again. */
function freedAndRequested(again: boolean): TwoTraces {
  const traces = new TwoTraces().config(32, 0, 38).mark().wait(0.01).whole(32, 0, 38);
  // The handlers are gone already, the vector is not: this one is taken, and no handler runs.
  traces.message(0, 38).accept(0, 38);
  traces.trace(0, 'vector_clear: irq=32 vector=38 cpu=0 prev_vector=0 prev_cpu=0', 'd..2.');
  traces.config(32, 0, 239).config(32, 0, 38).message(0, 38);
  if (again)
    traces.device(
      "memory_region_ops_write cpu 0 mr 0x55ac addr 0xfee00300 value 0x26 size 4 name 'apic-msi'",
      200,
    );
  // The device's message and the kernel's own are one interrupt; then another, so that nothing is in flight.
  traces.accept(0, 38).round(32, 0).wait(0.2).round(32, 0);
  return traces.end();
}

function outcomes(traces: TwoTraces) {
  const reader = new LedgerReader();
  for (const line of traces.qemu) reader.qemuLine(line);
  for (const line of traces.kernel) reader.kernelLine(line);
  return reader.close()!.entries.map(({ outcome, evidence }) => [outcome, evidence[0]?.from]);
}

test('sent again by the kernel, where a message was waiting: replayed, and the write shows it', () => {
  const traces = freedAndRequested(true);
  traces.kernel.splice(
    traces.kernel.findLastIndex((line) => line.includes('irq_handler_entry')),
    2,
  );
  expect(outcomes(traces)).toEqual([['replayed', 'device']]);
});

test('without that write nothing excuses it', () => {
  const traces = freedAndRequested(false);
  traces.kernel.splice(
    traces.kernel.findLastIndex((line) => line.includes('irq_handler_entry')),
    2,
  );
  expect(outcomes(traces).map(([outcome]) => outcome)).not.toContain('replayed');
});
