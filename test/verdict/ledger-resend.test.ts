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

/** Two interrupts and one round of handlers; then the irq is freed and requested again. */
function oneRoundForTwo(loose: number, answers: 'first' | 'second'): TwoTraces {
  const traces = new TwoTraces().config(32, 0, 38).mark(loose).wait(0.01).whole(32, 0, 38);
  for (const which of ['first', 'second'] as const) {
    traces.message(0, 38).accept(0, 38).wait(50e-6);
    if (which === answers) traces.round(32, 0);
    traces.wait(200e-6);
  }
  traces.trace(0, 'vector_clear: irq=32 vector=38 cpu=0 prev_vector=0 prev_cpu=0', 'd..2.');
  traces.config(32, 0, 239).config(32, 0, 38).wait(1).whole(32, 0, 38);
  return traces.end();
}

test('clocks that leave open which of two interrupts met the handler: the last did not, and was discarded', () => {
  expect(outcomes(oneRoundForTwo(2e-3, 'first'))).toEqual([['freed', 'kernel']]);
});

test('clocks that tell: the second met it, so the first is lost', () => {
  expect(outcomes(oneRoundForTwo(0, 'first'))).toEqual([['freed', 'kernel']]);
  expect(outcomes(oneRoundForTwo(0, 'second'))).toEqual([['lost', 'kernel']]);
});
