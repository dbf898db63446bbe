import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { small, smallWith } from '../lab/load.ts';
import { runResult, variantResult } from '../report/sample.ts';
import { vflab } from './cli.ts';

const files = { 'labs/small.yaml': small, 'labs/other.yaml': smallWith('Small', 'Another one') };

describe('list', () => {
  test('names and titles', () => {
    expect(vflab(['list'], { files })).toMatchInlineSnapshot(`
      {
        "exitCode": 0,
        "stderr": "
      vflab show LAB tells what is in one; vflab run LAB runs it.
      ",
        "stdout": "other  Another one
      small  Small
      ",
      }
    `);
  });
  test('JSON, on stdout alone', () => {
    const { stdout, stderr } = vflab(['list', '--json'], { files: { 'labs/small.yaml': small } });
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'small',
        file: 'labs/small.yaml',
        title: 'Small',
        variants: ['hang'],
        axes: { kernel: ['6.12', '6.1'] },
      },
    ]);
    expect(stderr).toBe('');
  });
  test('a broken lab is listed as broken', () => {
    const said = vflab(['list'], { files: { ...files, 'labs/broken.yaml': 'title: [' } });
    expect(said.stdout.split('\n')[0]).toBe('broken  broken: see `vflab validate`');
    expect(said.exitCode).toBe(0);
  });
  test('an empty labs/ is nothing', () => {
    expect(vflab(['list'], { files: { 'labs/README': '' } })).toMatchInlineSnapshot(`
      {
        "exitCode": 4,
        "stderr": "No labs: labs/ holds no .yaml file.
      ",
        "stdout": "",
      }
    `);
  });
  test('without a labs/ here, those of vflab', () => {
    expect(vflab(['list']).stdout).toContain('vf-aer-hang');
  });
});

test('show', () => {
  expect(vflab(['show', 'small'], { files })).toMatchInlineSnapshot(`
    {
      "exitCode": 0,
      "stderr": "",
      "stdout": "small: Small
    labs/small.yaml

    Host
      2 CPUs, 2048 MiB, intel IOMMU with interrupt remapping
      nic0        igb PF behind nic0-port  host  10.0.2.15/24
        nic0.vf0  VF, igbvf                host  10.0.2.44/24
        nic0.vf1  VF, vfio-pci             vm0   10.0.2.45/24

    Guests
      vm0: 1 CPU, 256 MiB, owns nic0.vf1

    Faults
      abort  non-fatal CmpltAbrt on nic0  by the kernel's aer_inject

    Variants (failure: vm-stopped-by-aer; what is expected last)
      hang  abort    reproduced

    Matrix
      kernel: 6.12, 6.1
    ",
    }
  `);
  const { stdout } = vflab(['show', 'small', '--json'], { files });
  expect(JSON.parse(stdout)).toMatchObject({ name: 'small', lab: { host: { cpus: 2, iommu: 'intel' } } });
});

test('show a run folder: its result, all of it, as it was judged then', () => {
  const result = runResult([variantResult()]);
  const run = { 'runs/one/result.json': JSON.stringify(result) };
  const shown = vflab(['show', 'runs/one'], { files: run });
  expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
  expect(shown.stdout).toContain(result.variants[0]!.reason);
  expect(shown.stdout).toContain('Finding ');
  expect(JSON.parse(vflab(['show', 'runs/one', '--json'], { files: run }).stdout)).toEqual(result);
  const broken = vflab(['show', 'runs/one'], { files: { 'runs/one/result.json': '{"cut' } });
  expect(broken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('NOT_A_RUN') });
});

describe('validate', () => {
  test('a kernel that there is not has its place', () => {
    const text = `${small}matrix:\n  kernel: ['6.12', '6.13']\n`;
    const said = vflab(['validate', 'a.yaml'], { files: { 'a.yaml': text } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toContain(
      'a.yaml:17:20: matrix.kernel[1]: no kernel 6.13 (did you mean "6.12"?); there are 6.12, 6.1, 5.10, newest, or one of your own by `--kernel PATH`',
    );
  });
  test('all of labs/', () => {
    expect(vflab(['validate'], { files })).toMatchInlineSnapshot(`
      {
        "exitCode": 0,
        "stderr": "",
        "stdout": "labs/other.yaml: valid, 2 cells (kernel 2 × variant 1)
      labs/small.yaml: valid, 2 cells (kernel 2 × variant 1)
      ",
      }
    `);
  });
  test('every problem of every file, and exit code 2', () => {
    const bad = {
      'a.yaml': smallWith('target: nic0', 'target: nic1'),
      'b.yaml': smallWith('  hang:', '  Hang:'),
    };
    expect(vflab(['validate', 'a.yaml', './b.yaml'], { files: bad })).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_LAB: 2 problems
      a.yaml:13:31: faults.abort.target: unknown target "nic1" (did you mean "nic0"?)
         13 |   abort: { kind: aer, target: nic1, error: CmpltAbrt, severity: non-fatal }
                                            ^
      ./b.yaml:15:3: variants.Hang: a name is lower-case letters, digits and dashes, beginning with a letter
         15 |   Hang: { faults: [abort], expect: { verdict: reproduced } }
                ^
        next: keys and values are described in docs/lab.schema.json, which an editor with YAML support reads
      ",
        "stdout": "",
      }
    `);
  });
  test('a missing file', () => {
    expect(vflab(['validate', 'no.yaml'], { files })).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error UNKNOWN_LAB: no lab file no.yaml
        next: one of other, small, or the path of a lab file
      ",
        "stdout": "",
      }
    `);
  });
});

test('schema', () => {
  expect(JSON.parse(vflab(['schema']).stdout)).toMatchObject({ title: 'vflab lab file', type: 'object' });
});

describe('the command line itself', () => {
  test('help', () => {
    const said = vflab(['--help']);
    expect(said.exitCode).toBe(0);
    expect(said.stderr).toBe('');
    expect(said.stdout).toMatchInlineSnapshot(`
      "Usage: vflab [options] [command]

      QEMU/VFIO passthrough test harness and fault-injection lab.

      Options:
        --no-color                      no colours (so does NO_COLOR)
        -V, --version                   version
        -h, --help                      display help for command

      Commands:
        list [options]                  the labs there are
        show [options] <lab>            what a lab tries, or a run folder's result
        validate [files...]             find every problem of lab files (default: all
                                        of labs/)
        schema                          the JSON Schema of a lab file, for editors
        run [options] <labs...>         run labs: names in labs/, or paths of lab
                                        files
        verdict [options] <run-folder>  judge a stored run again, without QEMU
        compare [options] <old> <new>   which variants end otherwise in the second of
                                        two runs of a lab
        check-trace [options] <file>    hold a trace of irq_matrix events against the
                                        model (- is stdin)
        inspect [options]               the vector matrix of a running kernel, read
                                        through QEMU's gdb stub
        hunt [options] <lab>            hold CPUs at chosen functions, by many
                                        schedules, until what races fails
        explore [options] [race]        every interleaving of a race, in the model:
                                        what each cure is worth (without a name: the
                                        races)
        inventory [options] <url>       what a real host has for a lab: functions with
                                        SR-IOV, IOMMU groups, kernel, tools
        predict [options] [lab]         at which virtio-blk disk the interrupt vectors
                                        run out, without booting
        ledger [options] <files...>     every interrupt raised and what became of it:
                                        a variant's folder, or its traces
        diagnose [options] <files...>   explain what is wrong with interrupts in logs
                                        (dmesg, journal, QEMU, lspci; - is stdin)
        preflight [options]             which VMs will not start because two functions
                                        are on one interrupt line
        help [command]                  display help for command

      Exit codes:
        0    every variant ended as its lab expected
        1    at least one did not
        2    the command line or a lab file is wrong
        3    the lab broke, or could not tell: nothing is known about the kernel
        4    nothing ran
        130, 143  stopped by SIGINT, SIGTERM

      Through npm, flags need \`--\` before them: npm run lab -- vf-aer-hang --json

      "
    `);
  });
  test('help of run states the exit codes of --bisect', () => {
    expect(vflab(['run', '--help']).stdout).toMatch(/125 {2}cannot tell: skip this revision/);
  });
  test('every exit code is stated', () => {
    const text = vflab(['--help']).stdout + vflab(['run', '--help']).stdout;
    const stated = [...text.matchAll(/\b(\d+)\b(?=,| {2})/g)].map(([, code]) => Number(code));
    expect(Object.values(exitCodes).filter((code) => !stated.includes(code))).toEqual([]);
  });
  test('nothing', () => {
    expect(vflab([])).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_COMMAND_LINE: no command given
        next: \`vflab --help\` lists the commands
      ",
        "stdout": "",
      }
    `);
  });
  test('help of a command that there is not', () => {
    expect(vflab(['help', 'rum']).stderr).toMatch(/^error BAD_COMMAND_LINE: unknown command 'rum'\n/);
  });
  test('the help that is named is that of the command', () => {
    expect(vflab(['diagnose']).stderr).toContain('next: `vflab diagnose --help`\n');
  });
  test('the version', () => {
    expect(vflab(['--version'])).toEqual({ exitCode: 0, stdout: 'vflab 0.1.0\n', stderr: '' });
  });
  test('an unknown command', () => {
    expect(vflab(['rum'])).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_COMMAND_LINE: unknown command 'rum'
      (Did you mean run?)
        next: \`vflab --help\` lists the commands
      ",
        "stdout": "",
      }
    `);
  });
  test('an unknown option', () => {
    expect(vflab(['run', 'x', '--varian', 'y'])).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_COMMAND_LINE: unknown option '--varian'
      (Did you mean --variant?)
        next: \`vflab run --help\`
      ",
        "stdout": "",
      }
    `);
  });
  test('a wrong number', () => {
    expect(vflab(['run', 'x', '--repeat', '0'])).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error BAD_COMMAND_LINE: option '--repeat <n>' argument '0' is invalid. must be a whole number from 1.
        next: \`vflab run --help\`
      ",
        "stdout": "",
      }
    `);
  });
  test('a lab that there is not', () => {
    expect(vflab(['run', 'smal'], { files })).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error UNKNOWN_LAB: no lab "smal" (did you mean "small"?)
        next: one of other, small, or the path of a lab file
      ",
        "stdout": "",
      }
    `);
    expect(vflab(['run', 'elephant'], { files }).stderr).toMatchInlineSnapshot(`
      "error UNKNOWN_LAB: no lab "elephant"
        next: one of other, small, or the path of a lab file
      "
    `);
  });
  test('flags that npm kept', () => {
    const env = { npm_lifecycle_event: 'lab', npm_config_json: 'true', npm_config_kernel: '6.1' };
    expect(vflab(['run', 'small'], { files, env })).toMatchInlineSnapshot(`
      {
        "exitCode": 2,
        "stderr": "error NPM_ATE_FLAG: npm kept --json, --kernel for itself
        next: put \`--\` before the flags: npm run lab -- small --json --kernel 6.1
      ",
        "stdout": "",
      }
    `);
    const left = { npm_lifecycle_event: 'lab', npm_config_kernel: 'true' };
    expect(vflab(['run', 'small', '6.1'], { files, env: left }).stderr).toContain('-- small --kernel 6.1\n');
    // Else the emulated host would run in place of the one that was asked for.
    const host = { npm_lifecycle_event: 'lab', npm_config_host: 'ssh://root@h', npm_config_known_hosts: 'k' };
    expect(vflab(['run', 'small'], { files, env: host }).stderr).toContain(
      '-- small --host ssh://root@h --known-hosts k\n',
    );
    // The same variables while npm runs something else are not ours, nor are those that npm has itself.
    expect(vflab(['list'], { files, env: { ...env, npm_lifecycle_event: 'test' } }).exitCode).toBe(0);
    const own = { npm_lifecycle_event: 'lab', npm_config_yes: 'true' };
    expect(vflab(['list'], { files, env: own }).exitCode).toBe(0);
  });
  test('colours', () => {
    const red = '\u001b[31m';
    expect(vflab(['run', 'x'], { env: { FORCE_COLOR: '1' } }).stderr).toContain(red);
    expect(vflab(['run', 'x', '--no-color'], { env: { FORCE_COLOR: '1' } }).stderr).not.toContain(red);
  });
});
