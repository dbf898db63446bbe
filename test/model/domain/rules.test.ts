/** Each rule of the domain, and of the choice of CPUs, with a lie in a real trace: found at its line, by that rule. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { kernelFeatures } from '../../../src/model/features.ts';
import { TraceCheck } from '../../../src/verdict/vectors.ts';

const file = join(import.meta.dirname, '../../fixtures/traces/6.1-cpus.trace.gz');
const lines = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
/** By then every kind of event has come. */
const begin = 1400;

function first(
  all: readonly string[],
  kernel = { major: 6, minor: 1 },
): { line: number; rules: string[] } | undefined {
  const check = new TraceCheck(kernelFeatures(kernel));
  for (const line of all) if (!check.line(line)) break;
  check.end();
  const { impossible } = check.summary;
  return impossible && { line: impossible.line, rules: impossible.departures.map(({ rule }) => rule) };
}

/** Index of the first line from there on that holds the pattern. */
function at(pattern: RegExp, from = begin): number {
  const found = lines.findIndex((line, i) => i >= from && pattern.test(line));
  if (found < 0) throw new Error(`no line has ${pattern}`);
  return found;
}

test('the trace itself is explained', () => {
  expect(first(lines)).toBeUndefined();
});

const more = (_: string, name: string, value: string) => `${name}${Number(value) + 1}`;
const other = (_: string, name: string, value: string) => `${name}${value === '0' ? 1 : 0}`;

test.each<[string, RegExp, RegExp, (match: string, name: string, value: string) => string]>([
  ['VX1', /irq_matrix_free: /, /(bit=)(\d+)/, more],
  ['VX2', /vector_alloc: .* ret=0/, /(vector=)(\d+)/, more],
  ['VX2', /vector_alloc_managed: .* ret=0/, /(vector=)(\d+)/, more],
  ['VX2', /vector_update: /, /( cpu=)(\d+)/, more],
  ['VX3', /vector_activate: /, /(is_managed=)(\d)/, other],
  ['VX3', /vector_deactivate: /, /(can_reserve=)(\d)/, other],
  ['VX3', /vector_teardown: /, /(has_reserved=)(\d)/, other],
  ['VX3', /vector_alloc: .* ret=0/, /(reserved=)(\d)/, other],
  ['VX3', /vector_free_moved: /, /(is_managed=)(\d)/, other],
  ['VX4', /vector_clear: /, /( vector=)(\d+)/, more],
  ['VX4', /vector_clear: .* prev_vector=[1-9]/, /(prev_vector=)(\d+)/, more],
  ['VX4', /vector_update: .* prev_vector=[1-9]/, /(prev_vector=)(\d+)/, more],
  ['VX4', /vector_free_moved: /, /( vector=)(\d+)/, more],
  ['VX5', /vector_config: .* vector=239/, /( cpu=)(\d+)/, more],
  ['VX5', /vector_config: .* vector=(?!239)/, /( vector=)(\d+)/, more],
  ['VX7', /vector_setup: .* ret=0/, /(ret=)(\d+)/, () => 'ret=-28'],
  ['VX9', /vector_free_moved: /, /\[(00)(\d)\]/, (_, zeros, cpu) => `[${zeros}${(Number(cpu) + 1) % 2}]`],
  ['VX10', /matrix_probe_reserve_managed: .* mask=0xf/, /(mask=)0x(f)/, () => 'mask=0xe'],
  ['VX11', /vector_config: .* vector=(?!239)/, /(apicdest=0x0000000)(\d)/, other],
  ['MX8', /matrix_probe_alloc: .* online=0xf/, /(mask=)0x(\w+)/, () => 'mask=0x0'],
])('%s: %s with %s changed', (rule, where, what, change) => {
  const index = at(where);
  const wrong = lines[index]!.replace(what, change as (match: string, ...rest: string[]) => string);
  expect(wrong).not.toBe(lines[index]);
  const found = first(lines.with(index, wrong));
  expect(found?.rules).toContain(rule);
  // What a probe says is held against the event that it announces; ret of a set-up may be that of its reservation.
  const next = /matrix_probe/.test(lines[index]!) ? 1 : 0;
  expect(found?.line).toBe(index + 1 + next);
});

test('VX6: an event of another operation in the middle of one', () => {
  const update = at(/vector_update: /);
  const config = lines[update + 1]!;
  expect(config).toContain('vector_config');
  const other = config.replace(/irq=\d+/, 'irq=999');
  expect(first(lines.with(update + 1, other))).toEqual({ line: update + 2, rules: ['VX6'] });
  // The same left out: the next event of that CPU comes too early.
  const early = first(lines.toSpliced(update + 1, 1));
  expect(early?.rules).toEqual(['VX6']);
});

test('VX7: torn down twice, set up twice', () => {
  const down = at(/vector_teardown: .*is_managed=0 has_reserved=1/);
  const pair = lines.slice(down, down + 2);
  expect(first(lines.toSpliced(down + 2, 0, ...pair))).toEqual({ line: down + 3, rules: ['VX3', 'VX7'] });
  const up = at(/vector_setup: .* ret=0/);
  expect(first(lines.toSpliced(up + 1, 0, lines[up]!))).toEqual({ line: up + 2, rules: ['VX7'] });
});

test('VX8: an allocation that fails although vectors are available', () => {
  const start = at(/vector_activate: .*can_reserve=1 reserve=0/);
  const irq = /irq=(\d+)/.exec(lines[start]!)![1];
  const head = lines[start]!.slice(0, lines[start]!.indexOf('vector_activate'));
  const failing = `${head}vector_alloc: irq=${irq} vector=0 reserved=1 ret=-28`;
  const next = lines.slice(start + 1, start + 6);
  const end = `${head}vector_deactivate: irq=${irq} is_managed=0 can_reserve=1 reserve=0`;
  for (const tries of [2, 3]) {
    const wrong = [...lines.slice(0, start + 1), ...Array(tries).fill(failing), end, ...next];
    expect(first(wrong)).toEqual({ line: start + 2 + tries, rules: ['VX8'] });
  }
  const four = [...lines.slice(0, start + 1), ...Array(4).fill(failing), end, ...next];
  expect(first(four)).toEqual({ line: start + 5, rules: ['VX8'] });
});

test('VX9: an allocation while the last move is not cleaned up', () => {
  const freed = at(/vector_free_moved: /);
  const irq = /irq=(\d+)/.exec(lines[freed]!)![1];
  const head = lines[freed]!.slice(0, lines[freed]!.indexOf('vector_free_moved'));
  const wrong = lines.toSpliced(freed, 0, `${head}vector_alloc: irq=${irq} vector=0 reserved=0 ret=-28`);
  expect(first(wrong)).toEqual({ line: freed + 1, rules: ['VX9'] });
});

test('MX9: a managed interrupt takes the CPU where the least run, the last of equals; once the first of its mask', () => {
  const index = at(/irq_matrix_alloc_managed: .* cpu=0 /, 0);
  const probe = lines.findLastIndex((line, i) => i < index && line.includes('matrix_probe_alloc_managed'));
  // Its mask was CPU 0 alone. Of all CPUs the last would be taken, for none runs one yet.
  const wide = lines.with(probe, lines[probe]!.replace(/mask=0x[0-9a-f]+/, 'mask=0xf')).slice(0, index + 5);
  expect(first(wide)).toEqual({ line: index + 1, rules: ['MX9'] });
  expect(first(wide, { major: 4, minor: 17 })).toBeUndefined();
  // A 4.18 may be either.
  expect(first(wide, { major: 4, minor: 18 })).toBeUndefined();
});
