/** The vector set-up race counted and judged by `spin` too: the same states, the same verdicts. */
import { describe, expect, it } from 'vitest';
import {
  type SpinOptions,
  spinCount,
  spinIsThere,
  spinProperties,
  spinVerdicts,
} from '../../conformance/spin/spin.ts';
import { explore } from '../../src/explore/explore.ts';
import { Space } from '../../src/explore/space.ts';
import { vectorSetup } from '../../src/model/race/vector-setup/vector-setup.ts';

const cures: Record<string, SpinOptions> = {
  'the unfixed kernel': {},
  'the fix of upstream': { locking: true },
  'the rejected repair': { repair: true },
  'injecting alone': { inject: true },
  'the fix and injecting': { locking: true, inject: true },
};
const settings: Record<string, SpinOptions> = {
  VFIO: {},
  'a driver that silences its device': { owner: 'driver' },
  'a device that waits for nothing': { waitsForAck: false },
  'two CPUs, three raises, two switches': { cpus: 2, raises: 3, switches: 2 },
};

/** All states, without taking twins for one, whatever is broken on the way. */
function counted(options: SpinOptions): { states: number; transitions: number } {
  const space = new Space({ ...vectorSetup(options), invariants: [], symmetries: [] }, { symmetry: false });
  space.search({ memoryBytes: 2 ** 32 }, nothing, nothing);
  expect(space.complete).toBe(true);
  return { states: space.states, transitions: space.transitions };
}
const nothing = () => {};

function broken(options: SpinOptions): string[] {
  const whole = vectorSetup(options);
  const parts = {
    overwrite: explore({ ...whole, leadsTo: [] }),
    loss: explore({ ...whole, invariants: [] }),
  };
  return spinProperties.filter((property) => parts[property].violation !== undefined);
}

it('spin and gcc are installed (`make nightly` installs them)', () => expect(spinIsThere()).toBe(true));

describe.each(Object.entries(settings))('%s', (_, setting) => {
  it.each(Object.entries(cures))('%s', (__, cure) => {
    const options = { ...setting, ...cure };
    const { states, transitions } = spinCount(options);
    expect(counted(options)).toEqual({ states, transitions });
    expect(broken(options)).toEqual(spinVerdicts(options));
  });
});

it('other bounds are other states: the count can differ', () =>
  expect(counted({ raises: 3 }).states).not.toBe(spinCount({ raises: 2 }).states));
