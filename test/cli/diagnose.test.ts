import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { folderWith, node, root, vflab } from './cli.ts';

const fixture = (name: string) => readFileSync(join(root, 'test/fixtures/cases', name), 'utf8');
const exhausted = fixture('vectors-exhausted.dmesg');
const healthy = readFileSync(join(root, 'test/fixtures/recordings/correctable-6.12/host.dmesg'), 'utf8');

describe('diagnose', () => {
  test('a root cause: 1, the cause first, then its lines', () => {
    const said = vflab(['diagnose', 'dmesg'], { files: { dmesg: exhausted } });
    expect(said).toMatchObject({ exitCode: exitCodes.notAsExpected, stderr: '' });
    const lines = said.stdout.split('\n');
    expect(lines[0]).toContain('The interrupt vectors of the CPUs are used up');
    expect(lines[1]).toMatch(/^likely: /);
    expect(said.stdout).toContain(
      '  dmesg:2: the last resort, the pin’s irq, is 0: the timer’s, which cannot be shared\n',
    );
  });

  test('docs/diagnose.md shows this very output', () => {
    const names = ['dmesg', 'task', 'lspci'].map((end) => `vfio-intx.${end}`);
    const said = vflab(['diagnose', ...names], {
      files: Object.fromEntries(names.map((name) => [name, fixture(name)])),
    });
    expect(readFileSync(join(root, 'docs/diagnose.md'), 'utf8')).toContain(said.stdout.trimEnd());
  });

  test('nothing wrong: 0', () => {
    const said = vflab(['diagnose', 'dmesg'], { files: { dmesg: healthy } });
    expect(said.exitCode).toBe(exitCodes.asExpected);
    expect(said.stdout.split('\n')[0]).toBe('Nothing wrong with interrupts here.');
  });

  test('what cannot tell: 4', () => {
    const said = vflab(['diagnose', 'a'], { files: { a: fixture('vfio-intx.interrupts') } });
    expect(said.exitCode).toBe(exitCodes.nothingRan);
    expect(said.stdout.split('\n')[0]).toBe('I do not know: these files cannot tell.');
  });

  test('a folder: its files are what is wanted', () => {
    const said = vflab(['diagnose', 'sos/'], { files: { 'sos/dmesg': healthy } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toBe('error NO_SUCH_LOG: sos/ is a folder\n  next: give the files in it: sos/*\n');
  });

  test('JSON', () => {
    const { stdout } = vflab(['diagnose', 'dmesg', '--json'], { files: { dmesg: exhausted } });
    expect(JSON.parse(stdout)).toMatchObject({
      answer: 'root-cause',
      diagnoses: [{ id: 'virtio-vectors-exhausted', proof: [{ file: 'dmesg', line: 2 }, { line: 33 }] }],
      files: [{ file: 'dmesg', kinds: ['kernel log'] }],
    });
  });

  test('several files and stdin together', () => {
    const cwd = folderWith({ crash: fixture('vectors-exhausted.crash') });
    const said = spawnSync(node, [join(root, 'src/cli.ts'), 'diagnose', '-', 'crash'], {
      cwd,
      input: exhausted,
      encoding: 'utf8',
    });
    expect(said.stdout).toContain('\ncertain: ');
    expect(said.stdout).toContain('<stdin>:2: ');
    expect(said.stdout).toContain('crash:');
  });
});

describe('packed logs, recognised by content', () => {
  const tool = (name: string) => (text: string) => spawnSync(name, ['-c'], { input: text }).stdout;
  test.each([
    ['gzip', (text: string) => gzipSync(text)],
    [
      'two members of gzip',
      (text: string) => Buffer.concat([gzipSync(text.slice(0, 700)), gzipSync(text.slice(700))]),
    ],
    ['zstd', (text: string) => zstdCompressSync(text)],
    ['xz', tool('xz')],
    ['bzip2', tool('bzip2')],
    ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ])('%s', (_, pack) => {
    const cwd = folderWith();
    writeFileSync(join(cwd, 'log'), pack(exhausted));
    const said = vflab(['diagnose', 'log'], { cwd });
    expect(said.stdout.split('\n')[0]).toContain('used up');
    expect(said.stdout).toContain('log: kernel log, 33 lines\n');
  });

  test.each([
    ['gzip', (text: string) => gzipSync(text)],
    ['xz', tool('xz')],
  ])('%s, cut: what could be read, marked partial', (_, pack) => {
    const cwd = folderWith();
    const packed = pack(exhausted.repeat(20_000));
    writeFileSync(join(cwd, 'log'), packed.subarray(0, packed.length - 20));
    const { stdout, exitCode } = vflab(['diagnose', 'log'], { cwd });
    expect(exitCode).toBe(exitCodes.notAsExpected);
    expect(stdout).toMatch(/partial: it could not be read to its end \(.*\); what came before was/);
  });

  test('a program that is not there', () => {
    const cwd = folderWith();
    writeFileSync(join(cwd, 'log'), tool('xz')(exhausted));
    const said = vflab(['diagnose', 'log'], { cwd, env: { PATH: '/nowhere' } });
    expect(said.exitCode).toBe(exitCodes.labBroke);
    expect(said.stderr).toContain('UNPACKER_MISSING');
  });
});

describe('what is no log', () => {
  test.each([
    ['a zip archive', 'PK\x03\x04xxxx', 'PACKED_LOG'],
    ['a journal', 'LPKSHHRHxxxx', 'PACKED_LOG'],
    ['an empty file', '', 'NOT_A_LOG'],
    ['bytes', '\x00\x01\x02\x03'.repeat(500), 'NOT_A_LOG'],
    ['a poem', 'Über allen Gipfeln\nist Ruh\n', 'NOT_A_LOG'],
  ])('%s', (_, content, code) => {
    const said = vflab(['diagnose', 'x'], { files: { x: content } });
    expect(said).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(said.stderr).toContain(`error ${code}: `);
  });

  test.each(['missing', '.'])('%s cannot be read', (path) => {
    const said = vflab(['diagnose', path], { files: { a: '' } });
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stderr).toContain('error NO_SUCH_LOG: ');
  });
});

describe('--lab', () => {
  test.each([
    ['vectors', { dmesg: exhausted }],
    [
      'a stopped VM',
      {
        host: readFileSync(join(root, 'test/fixtures/recordings/hang-6.12/host.dmesg'), 'utf8'),
        stderr: readFileSync(join(root, 'test/fixtures/recordings/hang-6.12/vm0.stderr'), 'utf8'),
      },
    ],
  ])('%s: a lab that `validate` takes', (_, files) => {
    const cwd = folderWith(files as Record<string, string>);
    const said = vflab(['diagnose', ...Object.keys(files), '--lab', 'out.yaml'], { cwd });
    expect(said.stderr).toMatch(/^out\.yaml: a lab of /);
    expect(vflab(['validate', './out.yaml'], { cwd })).toMatchObject({
      exitCode: exitCodes.asExpected,
      stderr: '',
    });
  });

  test('a lab that somebody wrote is left alone; one of its own is replaced', () => {
    const cwd = folderWith({ dmesg: exhausted, 'mine.yaml': 'title: mine\n' });
    const said = vflab(['diagnose', 'dmesg', '--lab', 'mine.yaml'], { cwd });
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stderr).toContain('error LAB_EXISTS: mine.yaml is there already');
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe('title: mine\n');
    const twice = () => vflab(['diagnose', 'dmesg', '--lab', 'out.yaml'], { cwd }).exitCode;
    expect([twice(), twice()]).toEqual([exitCodes.notAsExpected, exitCodes.notAsExpected]);
  });

  test('says so where there is none, after the diagnosis', () => {
    const said = vflab(['diagnose', 'a', '--lab', 'out.yaml'], {
      files: {
        a: '[   12.000000] __common_interrupt: 1.38 No irq handler for vector\n[   13.000000] __common_interrupt: 1.38 No irq handler for vector\n',
      },
    });
    expect(said.exitCode).toBe(exitCodes.usage);
    expect(said.stdout).toContain('No irq handler');
    expect(said.stderr).toContain('error NO_LAB_FOR_THIS: no lab written: ');
  });
});
