import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import type { RaceJson } from '../../src/report/race-json.ts';
import { root, vflab } from './cli.ts';

const example = join(root, 'docs/races/intx-enable.ts');

describe('explore', () => {
  test('a race of one’s own; docs/races.md shows its file and this very output', () => {
    const { exitCode, stdout, stderr } = vflab(['explore', example]);
    expect([exitCode, stderr]).toEqual([exitCodes.asExpected, '']);
    const text = readFileSync(join(root, 'docs/races.md'), 'utf8');
    expect(text).toContain(stdout.slice(0, stdout.indexOf('\n\n')));
    expect(text).toContain(stdout.slice(stdout.indexOf('  CPU0')));
    const file = readFileSync(example, 'utf8');
    const quoted = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
    expect(quoted.length).toBeGreaterThan(1);
    for (const code of quoted) expect(file).toContain(code);
  });

  test('without a name it lists the races', () => {
    const { stdout } = vflab(['explore']);
    const named = stdout.split('\n').flatMap((line) => line.split(' ')[0] || []);
    expect(named).toContain('vector-setup');
    // The documentation has each.
    const text = readFileSync(join(root, 'docs/explore.md'), 'utf8');
    for (const name of named) expect(text).toContain(name);
  });

  test('JSON: the counterexample is a list of actions with the state after each', () => {
    const { stdout } = vflab(['explore', 'vector-setup', '--variant', 'none', '--json']);
    const { race, cells } = JSON.parse(stdout) as RaceJson;
    expect(race).toBe('vector-setup');
    const { found, counterexample } = cells.find(({ problem }) => problem === 'overwrite-vfio')!;
    expect(found).toBe('yes');
    const { first, steps } = counterexample!;
    expect(first).toMatchObject({ 'CPU1.vector_irq[1]': 'desc', 'CPU1.irr[1]': 0 });
    expect(steps[0]).toMatchObject({ process: 'device', action: 'raise', state: { 'CPU1.irr[1]': 1 } });
    expect(steps.find(({ action }) => action === 'enter')!.state).toMatchObject({
      ...{ 'CPU1.vector_irq[1]': 'SHUTDOWN', 'CPU1.isr[1]': 1, 'CPU1.interrupts': 'off' },
    });
    expect(steps.at(-1)).toMatchObject({
      ...{ process: 'CPU1', action: 'wipe' },
      state: { 'CPU1.vector_irq[1]': 'UNUSED', 'device.owed': 1, 'device.vector': 1 },
    });
  });

  test('a search that ends on its memory bound says nothing, and says so', () => {
    const wide = ['--bound', 'raises=40', '--bound', 'switches=40', '--bound', 'cpus=2', '--memory-mib', '1'];
    const { exitCode, stdout } = vflab(['explore', 'vector-setup', '--variant', 'locking+inject', ...wide]);
    expect(exitCode).toBe(exitCodes.notAsExpected);
    expect(stdout).toContain('not found, search incomplete');
    expect(stdout).toMatch(/^incomplete within: .* 40 raises and 40 switches/m);
    expect(stdout).not.toMatch(/^complete within/m);
  });

  test.each([
    [['explore', 'nowhere'], 'UNKNOWN_RACE', 'one of: vector-setup'],
    [['explore', 'unplug', '--variant', 'best'], 'UNKNOWN_VARIANT', 'one of: 6.1, 6.12'],
    [['explore', 'unplug', '--bound', 'raises=0'], 'BAD_BOUND', 'raises=1 … raises=9'],
    [['explore', './none.ts'], 'BAD_RACE_FILE', 'docs/races.md'],
    [['explore', join(root, 'src/errors.ts')], 'BAD_RACE_FILE', 'exports no `race`'],
  ])('%j: %s', (args, code, words) => {
    const { exitCode, stderr } = vflab(args);
    expect(exitCode).toBe(exitCodes.usage);
    expect(stderr).toContain(`error ${code}:`);
    expect(stderr).toContain(words);
  });
});
