/**
 * The BTF of whole kernels as our reader has it, against Debian's bpftool, type by type. bpftool comes out of its package
 * and runs with the libraries that the package asks for: nothing is installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { debPath } from '../../src/images/apt.ts';
import { kernelNames } from '../../src/images/kernel-names.ts';
import { resolveKernel } from '../../src/images/kernels.ts';
import { fetchPackages, pinPackages } from '../../src/images/packages.ts';
import { Btf } from '../../src/introspect/btf/btf.ts';
import { elfSection } from '../../src/introspect/elf.ts';
import { btfDump } from '../introspect/btf-dump.ts';

const context = {
  cache: process.env.VFLAB_CACHE ?? join(homedir(), '.cache/vflab'),
  onProgress: (text: string) => process.stderr.write(`${text}\n`),
};
const wanted = ['bpftool', 'libc6'];
let tree: string;

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'vflab-bpftool-'));
  const set = await fetchPackages(context, await pinPackages(context, 'trixie', wanted));
  for (const each of set.packages) execFileSync('dpkg-deb', ['-x', debPath(context, each), tree]);
  return () => rmSync(tree, { recursive: true });
});

/** @returns its lines. */
function bpftool(file: string): string[] {
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(tree, path));
  const loader = join(tree, 'usr/lib64/ld-linux-x86-64.so.2');
  const words = [
    '--library-path',
    libraries.join(':'),
    join(tree, 'usr/sbin/bpftool'),
    'btf',
    'dump',
    'file',
    file,
  ];
  const { status, stdout, stderr } = spawnSync(loader, words, { encoding: 'utf8', maxBuffer: 1 << 30 });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trimEnd().split('\n');
}

test.each(Object.keys(kernelNames))('%s: every type', async (name) => {
  const kernel = await resolveKernel(context, name);
  const vmlinux = readFileSync(join(dirname(kernel.image), 'vmlinux'));
  const section = elfSection(vmlinux, '.BTF')!;
  const folder = mkdtempSync(join(tmpdir(), 'vflab-btf-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'vmlinux.btf');
  writeFileSync(file, section);
  const theirs = bpftool(file);
  const ours = btfDump(new Btf(new Uint8Array(section)))
    .trimEnd()
    .split('\n');
  const at = ours.findIndex((line, i) => line !== theirs[i]);
  expect({ lines: ours.length, first: at < 0 ? undefined : [ours[at], theirs[at]] }).toEqual({
    lines: theirs.length,
    first: undefined,
  });
  expect(ours.length).toBeGreaterThan(100_000);
  process.stderr.write(`${kernel.release}: ${ours.filter((line) => line.startsWith('[')).length} types\n`);
  // The comparison can fail: the first type behind the header (24 bytes) with another size.
  const damaged = Uint8Array.from(section);
  damaged[24 + 8]! ^= 1;
  expect(btfDump(new Btf(damaged)).split('\n')[0]).not.toBe(theirs[0]);
});
