import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VariantResult } from '../../src/report/result.ts';
import { small, smallWith } from '../lab/load.ts';
import { runResult, variantResult } from '../report/sample.ts';
import { folderWith, root, startVflab, vflab } from './cli.ts';

const files = { 'labs/small.yaml': small };

describe('exit codes', () => {
  test.each([
    ['reproduced', 0, 1],
    ['clean', 0, 0],
    ['wrong', 1, 1],
    ['broke', 3, 125],
    ['inconclusive', 3, 125],
    ['no-qemu', 3, 128],
    ['lab-broke', 3, 125],
    ['bug', 3, 128],
  ])('%s: %i, for bisect %i', (fake, plain, bisect) => {
    expect(vflab(['run', 'small'], { files, fake }).exitCode).toBe(plain);
    expect(vflab(['run', 'small', '--bisect'], { files, fake }).exitCode).toBe(bisect);
  });
  test('wrong usage: 2, for bisect 128', () => {
    expect(vflab(['run', 'nothing'], { files, fake: 'clean' }).exitCode).toBe(2);
    expect(vflab(['run', 'nothing', '--bisect'], { files, fake: 'clean' }).exitCode).toBe(128);
    expect(vflab(['run', '--bisect', '--typo'], { files, fake: 'clean' }).exitCode).toBe(128);
  });
  test('nothing ran: 4, for bisect 128', () => {
    const lab = {
      'labs/small.yaml': `${smallWith('variants:', 'variants:\n  calm: { expect: { verdict: clean } }')}matrix: { exclude: [{ variant: hang }] }\n`,
    };
    expect(
      vflab(['run', 'small', '--variant', 'hang'], { files: lab, fake: 'clean' }),
    ).toMatchInlineSnapshot(`
      {
        "exitCode": 4,
        "stderr": "Nothing to run: the lab excludes every cell that was chosen.
      ",
        "stdout": "",
      }
    `);
    expect(
      vflab(['run', 'small', '--variant', 'hang', '--bisect'], { files: lab, fake: 'clean' }).exitCode,
    ).toBe(128);
  });
});

describe('errors', () => {
  test('a known one is short', () => {
    expect(vflab(['run', 'small'], { files, fake: 'lab-broke' }).stderr).toMatchInlineSnapshot(`
      "[   0.0 s] small: Small
      error HOST_BOOT_FAILED: the image did not boot
        last lines:
          | a
          | b
      "
    `);
  });
  test('an unknown one is whole', () => {
    const { stderr } = vflab(['run', 'small'], { files, fake: 'bug' });
    expect(stderr).toContain('this is a bug of vflab');
    expect(stderr).toMatch(/TypeError: x is not a function\n {4}at .*fake-cli\.ts/);
  });
  test('a report that cannot be written', () => {
    expect(vflab(['run', 'small', '-q', '--junit', 'no/x.xml'], { files, fake: 'clean' })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('error OUTPUT_FAILED: <cwd>/no/x.xml cannot be written'),
    });
  });
  test('a selection that the lab does not have', () => {
    expect(
      vflab(['run', 'small', '--variant', 'hnag', '--kernel', '5.10'], { files, fake: 'clean' }),
    ).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_SELECTION: small: no kernel "5.10"; this lab has 6.12, 6.1
      no variant "hnag" (did you mean "hang"?); this lab has hang
        next: \`vflab show small\` lists them; \`all\` and patterns such as 'h*' choose several
      ",
        "stdout": "",
      }
    `);
  });
  test('an axis without a value', () => {
    expect(vflab(['run', 'small', '--axis', 'cpus'], { files, fake: 'clean' }).stderr).toMatchInlineSnapshot(`
      "error BAD_AXIS: --axis cpus: write name=value
        next: --axis cpus=4
      "
    `);
  });
  test('a kernel of the user that is not there; modules without a kernel', () => {
    expect(
      vflab(['run', 'small', '--kernel', './bzImage'], { files, fake: 'clean' }).stderr,
    ).toMatchInlineSnapshot(`
      "error NO_SUCH_KERNEL: --kernel ./bzImage: no such file
        next: give a bzImage: arch/x86/boot/bzImage of a kernel tree, or a /boot/vmlinuz-*
      "
    `);
    expect(vflab(['run', 'small', '--modules', '.'], { files, fake: 'clean' }).stderr).toMatchInlineSnapshot(`
      "error NO_SUCH_MODULES: --modules belongs to a kernel of your own
        next: give --kernel PATH as well, with a slash in it: --kernel ./bzImage
      "
    `);
  });
});

describe('a run', () => {
  test('progress on stderr, the report on stdout, files in the folder', () => {
    const cwd = folderWith(files);
    const said = vflab(['run', 'small', '--junit', 'copy.xml'], { cwd, fake: 'reproduced' });
    expect(said).toMatchInlineSnapshot(`
      {
        "exitCode": 0,
        "stderr": "[   0.0 s] small: Small
      ",
        "stdout": "small: as expected in 2 min 5 s

      6.12+hang: REPRODUCED, as expected
        QEMU stopped vm0 when vfio-pci told it of the error.

        What happened:
          1. The PF nic0 reported a non-fatal CmpltAbrt.
             host.dmesg:612 [   31.1] igb 0000:01:00.0: [15] CmpltAbrt
          2. vfio-pci told the owner of nic0.vf0. (inferred)

        Files in <cwd>/runs/run-small/6.12+hang

      Variant    Kernel  Verdict     Remedy  Effect  As expected  Time
      6.12+hang  6.12    reproduced  -       -       yes          41.2 s

      Accelerator: tcg (KVM did not run a guest)
        cannot show: timing of real hardware
      Evidence:    <cwd>/runs/run-small
      ",
      }
    `);
    const folder = join(cwd, 'runs/run-small');
    expect(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))).toMatchObject({
      schemaVersion: 1,
      lab: 'small',
    });
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toBe(readFileSync(join(cwd, 'copy.xml'), 'utf8'));
    const replay = execFileSync(join(folder, 'replay'), ['--print'], { encoding: 'utf8' });
    expect(replay).toContain('bin/vflab run small --junit copy.xml\n');
    expect(replay).toContain('qemu-system-x86_64 -S\n');
  });
  test('--json prints result.json and nothing else; -q is quiet', () => {
    const cwd = folderWith(files);
    const said = vflab(['run', 'small', '--json', '-q', '--output', 'out'], { cwd, fake: 'clean' });
    expect(said.stdout.replaceAll('<cwd>', cwd)).toBe(
      readFileSync(join(cwd, 'out/run-small/result.json'), 'utf8'),
    );
    expect(said.stderr).toBe('');
  });
  test('several labs are one answer', () => {
    const two = { ...files, 'labs/b.yaml': small };
    const { stdout, exitCode } = vflab(['run', 'small', 'b'], { files: two, fake: 'wrong' });
    expect(stdout.match(/NOT AS EXPECTED/g)).toHaveLength(2);
    expect(exitCode).toBe(1);
  });
  test('annotations on GitHub, without touching stdout', () => {
    const said = vflab(['run', 'small', '--json'], { files, fake: 'wrong', env: { GITHUB_ACTIONS: 'true' } });
    expect(said.stderr).toMatch(/^::error file=labs\/small.yaml,/m);
    expect(said.stdout).not.toContain('::error');
  });
});

describe('dry run', () => {
  test('says every argument, action and deadline, and starts nothing', () => {
    // No fake: the real runner would need QEMU and an image.
    const said = vflab(['run', 'small', '--dry-run'], { files });
    expect(said.exitCode).toBe(0);
    const [commands, phases] = said.stdout.split(/(?=^ {2}boot-host)/m);
    // What the arguments are is the business of test/machine/; here, that they are all there and can be pasted.
    const [host, guest] = [...commands!.matchAll(/^ {4}qemu-system-x86_64(.*\\\n)+.*$/gm)].map(
      ([command]) => command,
    );
    const words = (command: string) =>
      execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' }).split('\n');
    expect(words(host!)).toContain('q35,kernel-irqchip=off');
    expect(words(host!).find((word) => word.startsWith('igb,'))).toContain('bus=nic0-port');
    expect(words(guest!).find((word) => word.startsWith('vfio-pci,'))).toContain('host={bdf:nic0.vf1}');
    expect(phases).toMatchInlineSnapshot(`
      "  boot-host       Boot the host, at most 40.0 s
            boot-host
            load-modules on=host modules=igb,igbvf,vfio-pci,{kvm},aer_inject
        prepare-devices Create VFs and bind their drivers, at most 40.0 s
            create-vfs device=nic0
            bind-driver function=nic0.vf0 driver=igbvf
            bind-driver function=nic0.vf1 driver=vfio-pci
        boot-guests     Boot vm0, at most 2 min 0 s
            start-guest guest=vm0
            await-guest guest=vm0
        check-before    Check that everything works, at most 60.0 s
            observe-guest guest=vm0 moment=before-fault
            check-traffic traffic=nic0 moment=before-fault
            check-traffic traffic=nic0-vf0 moment=before-fault
            check-traffic traffic=nic0-vf1 moment=before-fault
            snapshot on=host moment=before-fault
            snapshot on=vm0 moment=before-fault
        fault           Inject abort, at most 30.0 s
            inject fault=abort (non-fatal CmpltAbrt on nic0, by the kernel's aer_inject)
        observe         See what the fault did, at most 45.0 s
            observe-guest guest=vm0 moment=after-fault
            snapshot on=host moment=after-fault
        check-after     Check what still works, at most 90.0 s
            observe-guest guest=vm0 moment=end
            check-traffic traffic=nic0 moment=end
            check-traffic traffic=nic0-vf0 moment=end
            check-traffic traffic=nic0-vf1 moment=end
            snapshot on=host moment=end
            snapshot on=vm0 moment=end
        heal            Clear the error status, at most 20.0 s
            heal fault=abort (non-fatal CmpltAbrt on nic0, by the kernel's aer_inject)
        collect         Collect the evidence, at most 60.0 s
            collect
      "
    `);
  });
  test('JSON', () => {
    const { stdout } = vflab(['run', 'small', '--dry-run', '--json', '--kernel', 'all'], { files });
    const { plan, machines } = JSON.parse(stdout);
    expect(plan.variants.map((variant: { id: string }) => variant.id)).toEqual(['6.12+hang', '6.1+hang']);
    expect(machines.map((m: { variant: string; machine: string }) => `${m.variant} ${m.machine}`)).toEqual([
      '6.12+hang host',
      '6.12+hang vm0',
      '6.1+hang host',
      '6.1+hang vm0',
    ]);
  });
  test('a kernel of the user', () => {
    const { stdout, exitCode } = vflab(['run', 'small', '--dry-run', '--json', '--kernel', './k'], {
      files: { ...files, k: 'x' },
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).plan.customKernel).toEqual({ path: '<cwd>/k' });
  });
});

describe('Ctrl-C', () => {
  async function interrupted(fake: string, signals: [NodeJS.Signals, number][]) {
    const cwd = folderWith(files);
    const child = startVflab(['run', 'small'], { cwd, fake });
    let stderr = '';
    const ready = Promise.withResolvers<void>();
    child.stderr.on('data', (data) => {
      stderr += data;
      if (stderr.includes('READY')) ready.resolve();
    });
    const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
    await ready.promise;
    for (const [signal, afterMs] of signals) {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill(signal);
    }
    return { exitCode: await ended, stderr, cwd };
  }
  test('the first stops in order, and the result is kept', async () => {
    const { exitCode, stderr, cwd } = await interrupted('hangs', [['SIGINT', 0]]);
    expect(exitCode).toBe(130);
    expect(stderr).toContain('SIGINT: stopping the machines');
    expect(JSON.parse(readFileSync(join(cwd, 'runs/run-small/result.json'), 'utf8')).interrupted).toBe(
      'SIGINT',
    );
  });
  test('SIGTERM is 143', async () => {
    expect((await interrupted('hangs', [['SIGTERM', 0]])).exitCode).toBe(143);
  });
  test('a repeat within a second is not meant (npm sends two); a later one ends at once', async () => {
    const { exitCode, stderr } = await interrupted('hangs-forever', [
      ['SIGINT', 0],
      ['SIGINT', 300],
      ['SIGINT', 1000],
    ]);
    expect(exitCode).toBe(130);
    expect(stderr.match(/stopping the machines/g)).toHaveLength(1);
    expect(stderr.match(/leaving at once/g)).toHaveLength(1);
  });
});

test.each([
  ['the cache', { VFLAB_CACHE: '/dev/null/cache' }, [], 'CACHE_UNUSABLE', 'VFLAB_CACHE'],
  ['the run folder', {}, ['--output', '/dev/null/runs'], 'OUTPUT_FAILED', '--output'],
])('%s cannot be written: nothing runs, and it is no bug', (_, env, args, code, next) => {
  const said = vflab(['run', 'small', ...args], { files, env: { VFLAB_CACHE: '.', ...env } });
  expect(said).toMatchObject({ exitCode: 3, stdout: '' });
  expect(said.stderr).toContain(`error ${code}: `);
  expect(said.stderr).toContain(next);
  expect(said.stderr).not.toContain('internal error');
});

describe('verdict', () => {
  // A run as stored, whose folder was moved since: only the base name of a variant's folder counts.
  function storedRun(changes: Partial<VariantResult>) {
    const cwd = folderWith();
    cpSync(join(root, 'test/fixtures/recordings/hang-6.12'), join(cwd, 'run/6.12+hang'), { recursive: true });
    const stored = runResult([variantResult({ folder: '/elsewhere/6.12+hang', ...changes })]);
    writeFileSync(join(cwd, 'run/result.json'), JSON.stringify(stored));
    return cwd;
  }
  test('the same verdict again, from the evidence alone', () => {
    const said = vflab(['verdict', 'run', '--json'], { cwd: storedRun({}) });
    expect(said.stderr).toBe('');
    const [variant] = JSON.parse(said.stdout).variants;
    expect(variant).toMatchObject({ verdict: 'reproduced', asExpected: true });
    expect(variant.chain.length).toBeGreaterThan(2);
    expect(variant.chain.every((step: { text: string }) => step.text.length > 0)).toBe(true);
    expect(said.exitCode).toBe(0);
  });
  test('another verdict than when it ran is said', () => {
    const said = vflab(['verdict', 'run'], { cwd: storedRun({ verdict: 'clean' }) });
    expect(said.stderr).toContain('6.12+hang: was clean when it ran, and is reproduced now');
    expect(said.stdout).toContain('REPRODUCED, as expected');
  });
  test('a run that was cut off is judged by what it recorded', () => {
    const cwd = storedRun({});
    renameSync(join(cwd, 'run/result.json'), join(cwd, 'run/run.json'));
    writeFileSync(join(cwd, 'run/run.json'), JSON.stringify(runResult([])));
    const said = vflab(['verdict', 'run'], { cwd });
    expect(said.stderr).toBe('run: no result: cut off, or still running; what it has recorded is judged\n');
    expect(said.stdout).toContain('6.12+hang: REPRODUCED');
  });
  test('evidence that is gone gives no answer, not a clean one', () => {
    const cwd = storedRun({});
    rmSync(join(cwd, 'run/6.12+hang/events.ndjson'));
    expect(vflab(['verdict', 'run'], { cwd }).exitCode).toBe(3);
  });
  test('result.json for its folder; the folder of a variant names that of its run', () => {
    const cwd = storedRun({});
    expect(vflab(['verdict', 'run/result.json'], { cwd }).exitCode).toBe(0);
    expect(vflab(['verdict', 'run/6.12+hang/'], { cwd })).toMatchObject({
      exitCode: 2,
      stderr:
        'error NOT_A_RUN: run/6.12+hang/ is the folder of one variant, not of a run\n  next: `vflab verdict run`\n',
    });
  });
  test('a variant whose plan is gone is named', () => {
    const cwd = storedRun({});
    rmSync(join(cwd, 'run/6.12+hang/plan.json'));
    const said = vflab(['verdict', 'run'], { cwd });
    expect(said.exitCode).toBe(2);
    expect(said.stderr).toContain("run/6.12+hang is no variant's folder: it has no plan.json");
  });
  test('not a run folder', () => {
    expect(vflab(['verdict', '.'], { files })).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error NOT_A_RUN: . is not a run folder: it has no run.json
        next: give the folder that a run named as its evidence, e.g. runs/latest
      ",
        "stdout": "",
      }
    `);
  });
  test('of another version', () => {
    const cwd = folderWith();
    writeFileSync(join(cwd, 'result.json'), '{"schemaVersion":2}');
    expect(vflab(['verdict', '.'], { cwd }).stderr).toMatchInlineSnapshot(`
      "error NOT_A_RUN: . was written by another version of vflab (schema 2)
        next: judge it by the vflab that wrote it: \`versions.vflab\` in its result.json
      "
    `);
  });
});
