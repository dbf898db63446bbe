import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { huntLines, huntScript, placesOf, symbolLines } from '../../src/hunt/script.ts';

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
    const text = huntScript(plan, ['asm_exc_nmi']);
    expect(text).toContain('-e x86_vector_activate');
    expect(text).toContain('-e asm_exc_nmi');
    expect(text.indexOf('vflab-hunt-ready')).toBeLessThan(text.indexOf('linux64'));
    expect(text).toContain(
      'status=$?\nstty -F /dev/console opost\nlinux64 true\necho "<0>vflab-hunt-end $status" >/dev/kmsg',
    );
  });
});

test('lines of the console', () => {
  expect(huntLines.ready.test('vflab-hunt-ready\r')).toBe(true);
  expect(huntLines.ready.test('+ echo vflab-hunt-ready')).toBe(false);
  expect(huntLines.end.exec('[    7.12] vflab-hunt-end 3\r')?.[1]).toBe('3');
  expect(huntLines.end.test('echo vflab-hunt-end $?')).toBe(false);
});

test('the lines of kallsyms, and nothing else', () => {
  const lines = [
    'vflab-hunt-symbol ffffffff81000010 T x86_vector_activate\r',
    'vflab-hunt-symbol --',
    'vflab-hunt-symbol ffffffffc0000010 t igb_intr\t[igb]',
    'something else',
  ];
  expect(symbolLines(lines)).toBe(
    'ffffffff81000010 T x86_vector_activate\n--\nffffffffc0000010 t igb_intr\t[igb]',
  );
});

test('a point is a name, a place or several', () => {
  const call = { in: '__common_interrupt', calls: 'lock_vector_lock' };
  const store = { in: '__common_interrupt', writes: 'vector_irq' };
  expect(placesOf('free_irq')).toEqual([{ function: 'free_irq' }]);
  expect(placesOf(call)).toEqual([call]);
  expect(placesOf([call, store])).toEqual([call, store]);
  const text = huntScript({ ...plan, points: [[call, store]] });
  for (const name of ['__common_interrupt', 'lock_vector_lock', 'vector_irq'])
    expect(text).toContain(`-e ${name} `);
});
