/** Each scenario is a machine that QEMU takes and shell that a shell takes, before a minute is spent on it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planOf } from '../../conformance/record.ts';
import type { Scenario, Step } from '../../conformance/scenario.ts';
import { scenarios } from '../../conformance/scenarios.ts';
import { definitionOf } from '../../conformance/store.ts';
import { traceWords } from '../../conformance/words.ts';
import { allPorts } from '../../src/machine/topology.ts';
import { validateSpec } from '../../src/machine/validate.ts';

const stir = readFileSync(join(import.meta.dirname, '../../conformance/stir.sh'), 'utf8');

function flat(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => ('times' in step ? flat(step.steps) : [step]));
}

test('names are unique and can be in a file name', () => {
  const names = scenarios.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
});

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  const { spec } = planOf(scenario, '6.12').variants[0]!.host;

  test('is a machine', () => {
    expect(() => validateSpec(spec)).not.toThrow();
    expect(spec.cpus).toBe(scenario.cpus);
    // COMMAND_LINE_SIZE is 2048 on x86; the control NIC and the key take some 200 more.
    expect(spec.cmdline.join(' ').length).toBeLessThan(1800);
  });

  test('its commands are shell, and its ports are there', () => {
    const steps = flat(scenario.steps);
    const script = steps.flatMap((step) => ('sh' in step ? [step.sh] : [])).join('\n');
    execFileSync('sh', ['-n'], { input: `${stir}\n${script}\n` });
    const ports = allPorts(spec).map((port) => port.id);
    const plugged = steps.flatMap((step) => ('plug' in step ? [step.port] : []));
    expect(plugged.filter((port) => !ports.includes(port))).toEqual([]);
  });
});

test('the documentation tells the words that are used here', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/check-trace.md'), 'utf8');
  const [events, , clock] = traceWords(1, 64);
  expect(docs).toContain(`    ${events} `);
  expect(docs).toContain(` ${clock}\n`);
});

test('a recording is stale when machine, words or steps change', () => {
  const of = (scenario: Scenario) => definitionOf(scenario, planOf(scenario, '6.12'));
  const base = scenarios[1]!;
  const digests = [
    base,
    { ...base, cpus: 5 },
    { ...base, steps: [{ sh: 'true' }] },
    { ...base, words: ['nox2apic'] },
    { ...base, interruptRemapping: !base.interruptRemapping },
  ].map(of);
  expect(new Set(digests).size).toBe(digests.length);
  expect(of({ ...base })).toBe(digests[0]);
});
