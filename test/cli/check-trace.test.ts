import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { matrixProbes } from '../../src/evidence/ftrace/probes.ts';
import { folderWith, node, root, vflab } from './cli.ts';

const good = readFileSync(join(root, 'test/fixtures/traces/boot-and-stir-6.1.trace'), 'latin1');
// The event that docs/check-trace.md shows.
const wrong = good.replace(
  '3.763565: irq_matrix_alloc: bit=34 cpu=1 online=1 avl=199 ',
  '3.763565: irq_matrix_alloc: bit=34 cpu=1 online=1 avl=200 ',
);

describe('check-trace', () => {
  test('every event explained: 0', () => {
    const said = vflab(['check-trace', 'a.trace'], { files: { 'a.trace': good } });
    expect(said).toMatchObject({ exitCode: exitCodes.asExpected, stderr: '' });
    expect(said.stdout.split('\n')[0]).toBe('a.trace: every event explained');
    expect(said.stdout).toContain('times a CPU went offline; the kernel traces nothing on a dying CPU');
  });
  test('an impossible event: 1, with its line, what was allowed, and the state around it', () => {
    const said = vflab(['check-trace', 'a.trace'], { files: { 'a.trace': wrong } });
    expect(said.exitCode).toBe(exitCodes.notAsExpected);
    expect(said.stdout).toContain(`a.trace:216: the kernel cannot have produced this event\n`);
    expect(said.stdout).toContain('  avl=200, the model allows 199\n    MX1: ');
    expect(said.stdout).toContain('  CPU 1 before it: online=1 avl=200 alloc=1 managed=0 (running 0)\n');
    // The documentation shows this very output.
    const docs = readFileSync(join(root, 'docs/check-trace.md'), 'utf8');
    expect(docs).toContain(said.stdout.replaceAll('a.trace', 'wrong.trace').trimEnd());
  });
  test('JSON', () => {
    const { stdout } = vflab(['check-trace', 'a.trace', '--json'], { files: { 'a.trace': wrong } });
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'a.trace',
      explained: false,
      sinceBoot: true,
      impossible: {
        departures: [{ rule: 'MX1', field: 'avl', got: 200, allowed: '199' }],
        before: { onlineMaps: 4, cpu: { available: 200, running: 0 } },
      },
    });
  });
  test.each([
    ['empty', '', 'NOT_A_TRACE', 'a is empty'],
    ['trace.dat', '\x17\x08\x44tracing6\0', 'NOT_A_TRACE', 'trace-cmd report FILE'],
    [
      'perf script',
      'swapper     0 [000]  1234.567890:         irq_matrix:irq_matrix_alloc: bit=34 cpu=1\n',
      'NOT_A_TRACE',
      'looks like the text of perf script',
    ],
    [
      'cut at the width of a terminal',
      good.replace(/^(.{100}).*$/gm, '$1'),
      'NO_VECTOR_EVENTS',
      'a:13: an irq_matrix event that cannot be read to its end',
    ],
  ])('%s: what it is, and what would be right', (_, text, code, says) => {
    const said = vflab(['check-trace', 'a'], { files: { a: text } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toContain(`error ${code}: `);
    expect(said.stderr).toContain(says);
  });
  test('shuffled: the first event that is out of order, not “no event”', () => {
    const shuffled = [
      '        modprobe-215     [000] d..1.    18.895090: vector_teardown: irq=43 is_managed=1 has_reserved=0',
      '   kworker/u16:3-45      [000] .....    20.006403: vector_setup: irq=42 is_legacy=0 ret=0',
      good,
    ].join('\n');
    const said = vflab(['check-trace', 'a'], { files: { a: shuffled } });
    expect(said).toMatchObject({ exitCode: exitCodes.notAsExpected, stderr: '' });
    expect(said.stdout).toContain('a:2: the kernel cannot have produced this event\n');
  });
  test('from stdin, begun in the middle, with lost events', () => {
    const input = `${good.split('\n').slice(300, 600).join('\n')}\nCPU:2 [LOST 7 EVENTS]\n`;
    const args = [join(root, 'src/cli.ts'), 'check-trace', '-'];
    const { stdout, status } = spawnSync(node, args, { input, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/not known: <stdin>:\d+: the trace begins in the middle/);
    expect(stdout).toContain('not known: <stdin>:301: 7 events lost');
  });
  test('compressed, by file or stdin, cut or damaged', () => {
    const bytes = gzipSync(wrong);
    const cwd = folderWith();
    const check = (data: Uint8Array) => {
      writeFileSync(join(cwd, 'a.gz'), data);
      return vflab(['check-trace', 'a.gz'], { cwd });
    };
    expect(check(bytes).stdout).toContain('a.gz:216: the kernel cannot');
    const piped = spawnSync(node, [join(root, 'src/cli.ts'), 'check-trace', '-'], { input: bytes });
    expect(piped.stdout.toString()).toContain('<stdin>:216: the kernel cannot');
    // Cut before line 216: what is left is explained, and said to be a part.
    const cut = check(bytes.subarray(0, 900));
    expect(cut.exitCode).toBe(exitCodes.asExpected);
    expect(cut.stderr).toContain('a.gz: it could not be read to its end');
    expect(check(bytes.with(300, bytes[300]! ^ 0xff)).stderr).toContain('could not be read to its end');
    expect(check(zstdCompressSync(wrong)).stdout).toContain('a.gz:216: the kernel cannot');
  });
  test.each([
    ['an empty file', '', 'NOT_A_TRACE'],
    ['a kernel log', '[    1.000000] Linux version 6.1\n', 'NOT_A_TRACE'],
    ['bytes', '\0\u00ff\u001b[31m\n\0', 'NOT_A_TRACE'],
    ['a trace of other events', '# tracer: nop\n#\n', 'NO_VECTOR_EVENTS'],
  ])('%s: 2', (_, text, code) => {
    const said = vflab(['check-trace', 'a.trace'], { files: { 'a.trace': text } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toContain(code);
  });
  test('a trace of another architecture: 2', () => {
    // RISC-V keeps message ids in a matrix, from 1.
    const line =
      '          <idle>-0       [000] d..1. 0.1: irq_matrix_alloc: bit=1 cpu=0 online=1 avl=254 alloc=1 managed=0 online_maps=1 global_avl=254, global_rsvd=0, total_alloc=1';
    const said = vflab(['check-trace', 'a.trace'], { files: { 'a.trace': `# tracer: nop\n${line}\n` } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toContain('OTHER_ARCHITECTURE');
  });
  test('the kernel: by --kernel, or as the file names it', () => {
    const files = { 'a.trace': good, 'b.trace': `[    0.000000] Linux version 6.1.0-56-amd64 (x)\n${good}` };
    const open = 'kernels differ, and which one it was is not told';
    expect(vflab(['check-trace', 'a.trace'], { files }).stdout).toContain(open);
    expect(vflab(['check-trace', 'a.trace', '--kernel', '6.1.0'], { files }).stdout).not.toContain(open);
    expect(vflab(['check-trace', 'b.trace'], { files }).stdout).not.toContain(open);
    const said = vflab(['check-trace', 'a.trace', '--kernel', 'newest'], { files });
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stderr).toContain('BAD_KERNEL_RELEASE');
  });
  test('the probes of the documentation are those that are read', () => {
    const docs = readFileSync(join(root, 'docs/check-trace.md'), 'utf8');
    for (const line of matrixProbes(64)) expect(docs).toContain(`    ${line}\n`);
  });
  test('no such file: 2', () => {
    const said = vflab(['check-trace', 'nowhere']);
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stderr).toContain('NO_SUCH_LOG');
  });
});
