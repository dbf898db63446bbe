/**
 * The Promela twin of the vector set-up race, checked by Debian's `spin` (Holzmann's model checker): an account of the
 * same states by other people's program. Needs `spin`, `gcc` and `libc6-dev`, which `make nightly` installs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorSetupOptions } from '../../src/model/race/vector-setup/layout.ts';

const model = join(import.meta.dirname, 'vector-setup.pml');

/** What the Promela model knows: one device, at most two CPUs, no guest. */
export type SpinOptions = Partial<
  Omit<VectorSetupOptions, 'devices' | 'owner'> & { owner: 'vfio' | 'driver' }
>;

export interface SpinCount {
  states: number;
  transitions: number;
  /** Processor time of the search, in seconds, compiling not included. */
  seconds: number;
}

export const spinProperties = ['overwrite', 'loss'] as const;
export type SpinProperty = (typeof spinProperties)[number];

export function spinIsThere(): boolean {
  return ['spin', 'gcc'].every(
    (program) => spawnSync(program, [program === 'spin' ? '-V' : '--version']).status === 0,
  );
}

/** Every state, each once: no claim beside the model, no partial-order reduction. @throws Error what failed */
export function spinCount(options: SpinOptions): SpinCount {
  return inFolder(options, (folder) => {
    run(folder, 'gcc', ['-O2', '-DNOREDUCE', '-DNOCLAIM', '-DSAFETY', '-o', 'pan', 'pan.c']);
    // The shell's `times` says what its children took: the machine may have other work.
    const text = run(folder, 'sh', ['-c', './pan -m1000000 -w24 && times']);
    const [, minutes, seconds] = /(\d+)m([\d.]+)s \d+m[\d.]+s\s*$/.exec(text) ?? [];
    return { ...counted(text), seconds: Number(minutes) * 60 + Number(seconds) };
  });
}

/** What `pan` prints when it is done. @throws Error if it did not search to its end */
export function counted(text: string): Pick<SpinCount, 'states' | 'transitions'> {
  const number = (pattern: RegExp) => {
    const [, digits] = pattern.exec(text) ?? [];
    if (digits === undefined) throw new Error(`pan says no ${pattern.source}:\n${text}`);
    return Number(digits);
  };
  if (/error: max search depth too small|out of memory/i.test(text))
    throw new Error(`not the whole search:\n${text}`);
  // spin counts the way into the first state as a transition.
  return {
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions \(=/) - 1,
  };
}

/** @returns properties that spin finds broken. @throws Error what failed */
export function spinVerdicts(options: SpinOptions): SpinProperty[] {
  return inFolder(options, (folder) => {
    run(folder, 'gcc', ['-O2', '-DNOREDUCE', '-o', 'pan', 'pan.c']);
    return spinProperties.filter((property) => {
      const text = run(folder, './pan', ['-a', '-m1000000', '-N', property]);
      const [, errors] = /errors: (\d+)/.exec(text) ?? [];
      if (errors === undefined) throw new Error(`pan says no verdict:\n${text}`);
      return errors !== '0';
    });
  });
}

function inFolder<T>(options: SpinOptions, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'vflab-spin-'));
  try {
    run(folder, 'spin', ['-a', ...macros(options), model]);
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function macros(options: SpinOptions): string[] {
  const { locking, repair, inject, owner, waitsForAck = true, cpus, raises, switches, pauses } = options;
  const values = {
    ...{ LOCKING: locking, REPAIR: repair, INJECT: inject, DRIVER: owner === 'driver', ACK: waitsForAck },
    ...{ NC: cpus, RAISES: raises, SWITCHES: switches, PAUSES: pauses },
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`-D${name}=${Number(value)}`],
  );
}

function run(folder: string, program: string, args: readonly string[]): string {
  const { stdout, stderr, status, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}
