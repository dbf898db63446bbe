import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, LineBytes, textOf } from '../../src/evidence/ftrace/bytes.ts';
import { looksLikeTrace } from '../../src/evidence/ftrace/line.ts';
import { LineCutter, LineRanges } from '../../src/evidence/ftrace/lines.ts';
import { readVectorText } from '../../src/evidence/ftrace/vectors.ts';
import { TraceCheck } from '../../src/verdict/vectors.ts';

const context = '        modprobe-512     [003] d..2.     4.567890: ';

describe('formats (kernel-model §1.4, §2.3)', () => {
  test('an event of a CPU', () => {
    const fields =
      'bit=37 cpu=1 online=1 avl=197 alloc=3 managed=1 online_maps=2 global_avl=393, global_rsvd=10, total_alloc=7';
    const kinds = [
      'reserve_managed',
      'remove_managed',
      'alloc_managed',
      'assign',
      'alloc',
      'free',
      'alloc_reserved',
    ];
    for (const kind of kinds)
      expect(readVectorText(`${context}irq_matrix_${kind}: ${fields}`)).toEqual({
        type: 'matrix',
        event: {
          kind,
          executing: 3,
          bit: 37,
          cpu: 1,
          online: true,
          available: 197,
          allocated: 3,
          managed: 1,
          onlineMaps: 2,
          globalAvailable: 393,
          globalReserved: 10,
          totalAllocated: 7,
        },
      });
  });
  test('events of the totals, and of a system bit', () => {
    const tail = 'online_maps=2 global_avl=393, global_rsvd=10, total_alloc=7';
    for (const kind of ['online', 'offline', 'reserve', 'remove_reserved'])
      expect(readVectorText(`${context}irq_matrix_${kind}: ${tail}`)).toMatchObject({
        type: 'matrix',
        event: { kind, globalReserved: 10 },
      });
    expect(readVectorText(`${context}irq_matrix_assign_system: bit=50 ${tail}`)).toMatchObject({
      event: { kind: 'assign_system', bit: 50, totalAllocated: 7 },
    });
  });
  test.each([
    [
      'vector_config: irq=4 vector=35 cpu=0 apicdest=0x0000001f',
      { irq: 4, vector: 35, cpu: 0, apicdest: 31 },
    ],
    [
      'vector_update: irq=4 vector=35 cpu=0 prev_vector=34 prev_cpu=1',
      { irq: 4, vector: 35, cpu: 0, prev_vector: 34, prev_cpu: 1 },
    ],
    [
      'vector_clear: irq=25 vector=37 cpu=1 prev_vector=0 prev_cpu=0',
      { irq: 25, vector: 37, cpu: 1, prev_vector: 0, prev_cpu: 0 },
    ],
    ['vector_reserve: irq=25 ret=0', { irq: 25, ret: 0 }],
    ['vector_reserve_managed: irq=289 ret=-28', { irq: 289, ret: -28 }],
    ['vector_alloc: irq=288 vector=0 reserved=1 ret=-28', { irq: 288, vector: 0, reserved: 1, ret: -28 }],
    ['vector_alloc_managed: irq=28 vector=34 ret=0', { irq: 28, vector: 34, ret: 0 }],
    [
      'vector_activate: irq=28 is_managed=1 can_reserve=0 reserve=1',
      { irq: 28, is_managed: 1, can_reserve: 0, reserve: 1 },
    ],
    [
      'vector_deactivate: irq=25 is_managed=0 can_reserve=1 reserve=0',
      { irq: 25, is_managed: 0, can_reserve: 1, reserve: 0 },
    ],
    ['vector_teardown: irq=25 is_managed=0 has_reserved=1', { irq: 25, is_managed: 0, has_reserved: 1 }],
    ['vector_setup: irq=289 is_legacy=0 ret=-28', { irq: 289, is_legacy: 0, ret: -28 }],
    ['vector_free_moved: irq=4 cpu=1 vector=34 is_managed=0', { irq: 4, cpu: 1, vector: 34, is_managed: 0 }],
  ])('%s', (text, fields) => {
    expect(readVectorText(context + text)).toMatchObject({ type: 'vector', event: { fields, executing: 3 } });
  });
  test('other layouts: no flags, a thread group, trace-cmd, CRLF', () => {
    const event = 'irq_matrix_reserve: online_maps=2 global_avl=393, global_rsvd=11, total_alloc=7';
    for (const head of ['sh-1 [001] 12.345678: ', ' my task-77 (   77) [001] d..1. 4.5: '])
      expect(readVectorText(head + event)).toMatchObject({ type: 'matrix', event: { executing: 1 } });
    expect(readVectorText(`sh-1     [001]    12.345678: ${event.replace(': ', ':      ')}\r`)?.type).toBe(
      'matrix',
    );
  });
  test('a cut or garbled event is said to be unreadable; other events are none', () => {
    expect(readVectorText(`${context}irq_matrix_reserve: online_maps=2 global_a`)?.type).toBe('unreadable');
    expect(readVectorText(`${context}irq_matrix_reserve: online_maps=2f global_avl=1, `)?.type).toBe(
      'unreadable',
    );
    expect(readVectorText(`${context}irq_handler_entry: irq=4 name=ttyS0`)).toBeUndefined();
    expect(readVectorText(`${context}vector_of_another_kind: a=1`)).toBeUndefined();
  });
  test('lost events', () => {
    expect(readVectorText('CPU:3 [LOST 12 EVENTS]')).toEqual({ type: 'lost', count: 12 });
    expect(readVectorText('CPU:3 [LOST EVENTS]')).toEqual({ type: 'lost', count: 0 });
  });
  test('what is a trace, and what is not', () => {
    expect(looksLikeTrace('# tracer: nop')).toBe(true);
    expect(looksLikeTrace(`${context}sched_switch: prev_comm=x`)).toBe(true);
    expect(looksLikeTrace('[    1.000000] igb 0000:01:00.0: eth0: x')).toBe(false);
    expect(looksLikeTrace('')).toBe(false);
  });
});

describe('any input', () => {
  const piece = fc.constantFrom(
    context,
    'irq_matrix_alloc: ',
    'irq_matrix_online: ',
    'bit=37 cpu=1 online=1 avl=197 alloc=3 managed=1 ',
    'bit=-1 cpu=4294967295 online=1 avl=4294967295 alloc=0 managed=0 ',
    'online_maps=2 global_avl=393, global_rsvd=10, total_alloc=7',
    'vector_config: irq=4 vector=',
    'CPU:3 [LOST 12 EVENTS]',
    '\n',
    '\r\n',
    '\0',
    '\x1b[',
  );
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(piece, piece, fc.string({ unit: 'binary' })), { maxLength: 60 }).map((a) => a.join('')),
  );
  test('never throws', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const check = new TraceCheck();
        for (const line of text.split('\n')) check.line(line);
        check.end();
      }),
      { numRuns: 2000 },
    );
  });
  test('lines are the same however the input is cut', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, size) => {
        const cutter = new LineCutter();
        const lines: string[] = [];
        for (let i = 0; i < text.length; i += size) lines.push(...cutter.push(text.slice(i, i + size)));
        lines.push(...cutter.end());
        const whole = text.split('\n');
        if (whole.at(-1) === '') whole.pop();
        expect(lines).toEqual(whole);
        const bytes = bytesOf(text);
        const read: string[] = [];
        const ranges = new LineRanges((piece, from, to) => read.push(textOf(piece, from, to)) > 0);
        for (let i = 0; i < bytes.length; i += size) ranges.push(bytes.subarray(i, i + size));
        ranges.end();
        expect(read).toEqual(whole.map((line) => textOf(bytesOf(line), 0, line.length)));
      }),
    );
  });
  test('one endless line takes constant memory', () => {
    const cutter = new LineCutter();
    for (let i = 0; i < 1000; i += 1) expect(cutter.push('x'.repeat(65_536))).toEqual([]);
    expect(cutter.end()[0]!.length).toBeLessThanOrEqual(8192);
    const lengths: number[] = [];
    const ranges = new LineRanges((_, from, to) => lengths.push(to - from) > 0);
    for (let i = 0; i < 1000; i += 1) ranges.push(new Uint8Array(65_536).fill(120));
    ranges.push(bytesOf('\nnext\n'));
    ranges.end();
    expect(lengths).toEqual([8192, 4]);
  });
  test('a line whose text was asked for does not hold the piece that it is a part of', () => {
    const line = new LineBytes(bytesOf('one two\u00e9 three'), 4, 8);
    expect(line.text).toBe('two\u00e9');
    expect(line.bytes.length).toBe(0);
    expect(line.text).toBe('two\u00e9');
  });
});
