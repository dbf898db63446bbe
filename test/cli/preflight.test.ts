import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { root, vflab } from './cli.ts';

const names = ['lspci', 'interrupts', 'dmesg'].map((end) => `vfio-intx.${end}`);
const files = Object.fromEntries(
  names.map((name) => [name, readFileSync(join(root, 'test/fixtures/cases', name), 'utf8')]),
);
const from = (...some: string[]) => some.flatMap((name) => ['--from', name]);

test('the reported case, before the VM is started: 1, and docs/preflight.md shows this output', () => {
  const said = vflab(['preflight', ...from(...names), '--vm', 'vm100=04:00.0,01:00.0'], { files });
  expect(said).toMatchObject({ exitCode: exitCodes.notAsExpected, stderr: '' });
  const page = readFileSync(join(root, 'docs/preflight.md'), 'utf8');
  const shown = /\n```\n(One VM.*?)\n```/s.exec(page)![1]!.split('\n');
  for (const line of shown) if (line !== '…') expect(said.stdout.split('\n')).toContain(line);
  expect(said.stdout).toContain('      cost: ');
});

test('one card alone: 0', () => {
  const said = vflab(['preflight', ...from('vfio-intx.lspci', 'vfio-intx.interrupts')], { files });
  expect(said.exitCode).toBe(exitCodes.asExpected);
  expect(said.stdout.split('\n')[0]).toBe('No collision on an interrupt line.');
});

test('a card that the files do not show: 3', () => {
  const said = vflab(['preflight', ...from('vfio-intx.lspci', 'vfio-intx.interrupts'), '--vm', '09:00.0'], {
    files,
  });
  expect(said.exitCode).toBe(exitCodes.labBroke);
  expect(said.stdout).toContain('lspci -vvvnn -s 0000:09:00.0');
});

test('as JSON', () => {
  const said = vflab(['preflight', '--json', ...from(...names), '--vm', 'a=01:00.0', '--vm', 'b=04:00.0'], {
    files,
  });
  expect(JSON.parse(said.stdout)).toMatchObject({
    answer: 'collides',
    collisions: [{ vm: 'b', bdf: '0000:04:00.0', irq: 16, holder: '0000:01:00.0', holderVm: 'a' }],
  });
});

test.each([
  [['--vm', 'a=1:0'], 'BAD_ASSIGNMENT'],
  [['--from', 'gone'], 'NO_SUCH_LOG'],
  [['--from', 'vfio-intx.interrupts'], 'NOT_A_LOG'],
  [['--from', 'vfio-intx.lspci', '--probe'], 'BAD_COMMAND_LINE'],
])('%j: %s', (args, code) => {
  const said = vflab(['preflight', ...args], { files });
  expect(said.exitCode).toBe(exitCodes.usage);
  expect(said.stderr).toContain(`error ${code}: `);
});

test('this machine, read-only: it answers, whatever it has', () => {
  expect([0, 1, 3, 4]).toContain(vflab(['preflight']).exitCode);
});
