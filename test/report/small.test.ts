import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { styleFor, useColour } from '../../src/report/colour.ts';
import { plainLine } from '../../src/report/plain.ts';
import { replayScript } from '../../src/report/replay.ts';
import { table } from '../../src/report/table.ts';
import { formatMs } from '../../src/report/time.ts';
import { quoteCommand } from '../../src/shell.ts';

describe('colours', () => {
  const ask = (env: Record<string, string>, isTTY: boolean, noColorFlag = false) =>
    useColour({ env, isTTY, noColorFlag });
  test.each([
    ['a terminal', {}, true, true],
    ['a file', {}, false, false],
    ['NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR is none', { NO_COLOR: '' }, true, true],
    ['NO_COLOR beats FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, false, false],
    ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ])('%s', (_, env, isTTY, expected) => expect(ask(env, isTTY)).toBe(expected));
  test('the flag beats all', () => expect(ask({ FORCE_COLOR: '1' }, true, true)).toBe(false));
  test('styles', () => {
    expect(styleFor(false).red('x')).toBe('x');
    expect(styleFor(true).red('x')).toBe('\u001b[31mx\u001b[39m');
  });
});

describe('plain text', () => {
  test('any text becomes one harmless line', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('\u001b', '[', ']', '3', 'm', '\n', '\u0007', 'x', ';', '\u009b'),
        }),
        (text) => {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
          expect(plainLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        },
      ),
    );
  });
  test('leaves words in any language alone', () => expect(plainLine('é 温 VM ✔')).toBe('é 温 VM ✔'));
  test('is linear', { timeout: 60_000 }, () => {
    const started = performance.now();
    plainLine('\u001b['.repeat(200_000) + '\u001b]'.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

test('a table is aligned', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b']);
});

test('durations', () => {
  expect([0, 5_210, 99_949, 99_951, 125_000].map(formatMs)).toEqual([
    '0.0 s',
    '5.2 s',
    '99.9 s',
    '1 min 40 s',
    '2 min 5 s',
  ]);
});

test('replay, carried to another machine: says so, and what can be done there', () => {
  const script = replayScript({ command: ['/gone/vflab', 'run', 'x'], cwd: '/gone', machines: [] });
  const done = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8' });
  expect([done.status, done.stdout]).toEqual([2, '']);
  expect(done.stderr.split('\n').slice(0, 4)).toEqual([
    'This run was made on a machine that has',
    '  /gone',
    '  /gone/vflab',
    'Here: sh --print shows its command; vflab verdict . judges its evidence.',
  ]);
});

describe('replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vflab-replay-'));
  const run = (...args: string[]) =>
    execFileSync('sh', [join(folder, 'replay'), ...args], { encoding: 'utf8' });

  test('prints what ran, and runs it again', () => {
    const machines = [
      { variant: '6.12+hang', machine: 'host', command: ['qemu-system-x86_64', '-append', "a 'b' $HOME"] },
      { variant: '6.12+hang', machine: 'vm0', command: ['qemu-system-x86_64', '-S'] },
    ];
    writeFileSync(
      join(folder, 'replay'),
      replayScript({ command: ['printf', '<%s>', 'vf aer', '$x'], cwd: folder, machines }),
    );
    expect(run('--print')).toMatchInlineSnapshot(`
      "printf '<%s>' 'vf aer' '$x'

      # 6.12+hang: host
      qemu-system-x86_64 -append 'a '\\''b'\\'' $HOME'

      # 6.12+hang: vm0 (inside the host)
      qemu-system-x86_64 -S
      "
    `);
    expect(run()).toBe('<vf aer><$x>');
    expect(run('more')).toBe('<vf aer><$x><more>');
    rmSync(folder, { recursive: true });
  });
  test('any word survives the shell', () => {
    const word = fc.string({
      unit: fc.constantFrom("'", '"', '$', '\\', ' ', '\n', '`', 'a', '*', '!', '\t'),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const command = quoteCommand(['printf', '%s\\0', ...words, 'end']);
        expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(
          [...words, 'end', ''].join('\0'),
        );
      }),
      { numRuns: 60 },
    );
  });
});
