import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { huntLines, huntScript, symbolsIn } from '../../src/hunt/script.ts';

const plan = {
  prepare: 'echo p',
  work: 'false',
  points: ['x86_vector_activate'],
  preemptions: 3,
  longest: 8,
};

describe('the script', () => {
  test.each([
    ['', 'true'],
    ['# only a comment\n', 'if true; then\n  echo x\nfi\n'],
    ['a=1\nb=2', "cat <<'EOF'\nhere\nEOF\n"],
  ])('is one that a shell can read, whatever the lab gives: %j %j', (prepare, work) => {
    execFileSync('sh', ['-n'], { input: huntScript({ ...plan, prepare, work }) });
  });

  test('asks for every function and says the status of the work', () => {
    const text = huntScript(plan);
    expect(text).toContain('-e x86_vector_activate');
    expect(text).toContain('-e hrtimer_interrupt');
    expect(text.indexOf('vflab-hunt-ready')).toBeLessThan(text.indexOf('linux64'));
    expect(text).toContain(
      'status=$?\nstty -F /dev/console opost\necho "<0>vflab-hunt-end $status" >/dev/kmsg',
    );
  });
});

test('lines of the console', () => {
  expect(huntLines.ready.test('vflab-hunt-ready\r')).toBe(true);
  expect(huntLines.ready.test('+ echo vflab-hunt-ready')).toBe(false);
  expect(huntLines.end.exec('[    7.12] vflab-hunt-end 3\r')?.[1]).toBe('3');
  expect(huntLines.end.test('echo vflab-hunt-end $?')).toBe(false);
});

test('symbols: the first of a name, and nothing that is none', () => {
  const lines = [
    'vflab-hunt-symbol ffffffff81000010 x86_vector_activate\r',
    'vflab-hunt-symbol ffffffff81000020 x86_vector_activate',
    'vflab-hunt-symbol 10 short',
    'vflab-hunt-symbol ffffffffc0000010 igb_intr',
    'something else',
  ];
  expect([...symbolsIn(lines)]).toEqual([
    ['x86_vector_activate', 0xffffffff81000010n],
    ['igb_intr', 0xffffffffc0000010n],
  ]);
});
