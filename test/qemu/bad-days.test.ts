/** Whatever goes wrong in a run: a clear error with its code, the right exit code, and nothing left behind. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LabCli, labs, until } from './lab-cli.ts';

let cli: LabCli;
beforeEach(() => {
  cli = new LabCli();
});
afterEach(() => cli[Symbol.dispose]());

/**
 * The lab as it is, on a host of one CPU: what is tested here is the harness, and an emulated machine of two CPUs
 * breaks now and then by itself (quirks tcg-lost-timer, tcg-stale-breakpoint).
 */
function lab(variant: string): string[] {
  const text = readFileSync(join(labs, 'vf-aer-hang.yaml'), 'utf8');
  expect(text).toContain('\n  cpus: 2\n');
  return [cli.lab('vf-aer-hang', text.replace('\n  cpus: 2\n', '\n  cpus: 1\n')), '--variant', variant];
}

/** A host alone: up in seconds. */
const hostOnly = (more: string) => `
title: a host, no guest
failure: vm-stopped-by-aer
host: { cpus: 1, memoryMiB: 1024 }
${more}
matrix: { kernel: ['6.12'] }
`;

describe('QEMU of the host is killed', () => {
  it.each([
    ['Boot the host', 'boot-host'],
    ['Boot vm0', 'boot-guests'],
    ['See what the fault did', 'observe'],
  ])('in phase "%s"', async (title, phase) => {
    const run = cli.start(['run', ...lab('hang')]);
    await run.says(title);
    await until(() => cli.qemuPids().length > 0);
    process.kill(cli.qemuPids()[0]!, 'SIGKILL');
    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(3);
    const [variant] = cli.result().variants;
    expect(variant).toMatchObject({ verdict: 'inconclusive', error: { code: 'QEMU_DIED', phase } });
    expect(variant!.error!.message).toContain('killed by SIGKILL');
    expect(stdout).toContain('error QEMU_DIED');
    expect(cli.leftovers()).toEqual([]);
  });
});

it('the kernel of the host panics: told at once, with the last lines of its console', async () => {
  const file = cli.lab(
    'panic',
    hostOnly(`
remedies: { crash: { before: [{ run: { on: host, command: 'echo c > /proc/sysrq-trigger' } }] } }
variants: { only: { remedy: crash, expect: { verdict: clean, remedy: prevented } } }`),
  );
  const { exitCode } = await cli.start(['run', file]).ended;
  expect(exitCode).toBe(3);
  const error = cli.result().variants[0]!.error!;
  expect(error.code).toBe('HOST_PANICKED');
  expect(error.lastLines.join('\n')).toContain('Kernel panic - not syncing: sysrq triggered crash');
  expect(cli.leftovers()).toEqual([]);
});

it('a known quirk of the emulator breaks the host: the variant runs once more, and both are on record', async () => {
  const file = cli.lab(
    'quirk',
    hostOnly(`
remedies:
  crash:
    before:
      - run: { on: host, command: "echo 'Oops: int3: 0000 [#1] PREEMPT SMP' > /dev/kmsg; echo c > /proc/sysrq-trigger" }
variants: { only: { remedy: crash, expect: { verdict: clean, remedy: prevented } } }`),
  );
  const { exitCode, stdout } = await cli.start(['run', file], { VFLAB_ACCEL: 'tcg' }).ended;
  expect(exitCode).toBe(3);
  const [variant, ...others] = cli.result().variants;
  expect(others).toEqual([]);
  expect(variant).toMatchObject({
    error: { code: 'EMULATOR_BROKE', quirk: 'tcg-stale-breakpoint' },
    brokenByEmulator: [{ quirk: 'tcg-stale-breakpoint' }],
  });
  expect(variant!.folder).not.toBe(variant!.brokenByEmulator![0]!.folder);
  expect(stdout).toContain('ran again, the emulator broke the first attempt');
});

it('a guest that does not boot: told with the last lines of its console', async () => {
  const file = cli.lab(
    'no-boot',
    hostOnly(`
guests: { vm0: { cmdline: [rdinit=/nonexistent] } }
variants: { only: { expect: { verdict: clean } } }`),
  );
  const { exitCode } = await cli.start(['run', file]).ended;
  expect(exitCode).toBe(3);
  const error = cli.result().variants[0]!.error!;
  expect(error).toMatchObject({ code: 'GUEST_BOOT_FAILED', phase: 'boot-guests' });
  expect(error.lastLines.join('\n')).toContain('Kernel panic - not syncing');
  expect(cli.leftovers()).toEqual([]);
});

it('a command of a lab fails: told with what it printed', async () => {
  const file = cli.lab(
    'bad-command',
    hostOnly(`
remedies: { bad: { before: [{ run: { on: host, command: 'echo no such thing >&2; exit 7' } }] } }
variants: { only: { remedy: bad, expect: { verdict: clean, remedy: prevented } } }`),
  );
  const { exitCode } = await cli.start(['run', file]).ended;
  expect(exitCode).toBe(3);
  const error = cli.result().variants[0]!.error!;
  expect(error.code).toBe('GUEST_COMMAND_FAILED');
  expect(error.message).toContain('ended with 7');
  expect(error.lastLines).toEqual(['no such thing']);
});

it('there is no QEMU', async () => {
  // Just what bin/vflab itself needs.
  const path = join(cli.cwd, 'bin');
  mkdirSync(path);
  for (const tool of ['dirname', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(path, tool));
  const { exitCode, stderr } = await cli.start(['run', ...lab('hang')], { PATH: path }).ended;
  expect(exitCode).toBe(3);
  expect(stderr).toContain('QEMU_MISSING');
});

describe('Ctrl-C', () => {
  it.each(['Boot the host', 'Create VFs', 'Boot vm0', 'See what the fault did'])('in "%s"', async (title) => {
    const run = cli.start(['run', ...lab('hang')]);
    await run.says(title);
    run.child.kill('SIGINT');
    const { exitCode, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('SIGINT: stopping the machines');
    expect(cli.result().interrupted).toBe('SIGINT');
    expect(cli.leftovers()).toEqual([]);
  });

  it('in a hunt, while its machine boots', async () => {
    // A lab that no snapshot is kept of.
    const file = cli.lab(
      'race',
      hostOnly(`
hunt: { prepare: 'echo ${cli.cwd}', work: 'true', points: [free_irq] }
variants: { only: { expect: { verdict: clean } } }`),
    );
    const run = cli.start(['hunt', file]);
    await run.says('Booting once');
    await cli.interruptHunt(run);
  });

  it('twice: at once, and still nothing left', async () => {
    const run = cli.start(['run', ...lab('hang')]);
    await run.says('Boot vm0');
    // A QEMU that does not answer holds the orderly end up for seconds.
    process.kill(cli.qemuPids()[0]!, 'SIGSTOP');
    run.child.kill('SIGINT');
    await run.says('SIGINT: stopping');
    // npm sends every signal twice; only a second one that comes a second later is meant.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    run.child.kill('SIGINT');
    expect((await run.ended).exitCode).toBe(130);
    await until(() => cli.leftovers().length === 0);
  });
});

it('kill -9 of the harness leaves nothing behind', async () => {
  const run = cli.start(['run', ...lab('hang')]);
  await run.says('Boot vm0');
  run.child.kill('SIGKILL');
  expect((await run.ended).signal).toBe('SIGKILL');
  await until(() => cli.leftovers().length === 0);
});

it('two runs side by side do not see each other', async () => {
  const correctable = ['run', ...lab('correctable'), '--json'];
  const ended = await Promise.all([cli.start(correctable).ended, cli.start(correctable).ended]);
  for (const { exitCode, stdout } of ended) {
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ variants: [{ verdict: 'clean' }] });
  }
  const folders = ended.map(({ stdout }) => (JSON.parse(stdout) as { folder: string }).folder);
  expect(new Set(folders).size).toBe(2);
  expect(cli.leftovers()).toEqual([]);
});
