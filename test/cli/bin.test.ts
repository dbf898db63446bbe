import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, root } from './cli.ts';

const bin = join(root, 'bin/vflab');

test('runs through a symlink, from any folder, without any node on PATH', () => {
  const folder = folderWith();
  symlinkSync(bin, join(folder, 'first'));
  mkdirSync(join(folder, 'deep'));
  symlinkSync('../first', join(folder, 'deep/second'));
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  for (const tool of ['sh', 'readlink', 'dirname']) symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
  const done = spawnSync(join(folder, 'deep/second'), ['schema'], {
    cwd: folder,
    env: { PATH: tools },
    encoding: 'utf8',
  });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
});

test('a full disk behind stdout is no verdict: 3, and said in a line', () => {
  for (const [args, status] of [
    ['list', 3],
    ['run vf-aer-hang --dry-run --bisect', 128],
  ] as const) {
    const done = spawnSync('sh', ['-c', `${bin} ${args} > /dev/full`], { cwd: root, encoding: 'utf8' });
    expect(done.stderr).toContain('error OUTPUT_FAILED: stdout cannot be written: ENOSPC');
    expect(done.stderr).not.toContain('    at ');
    expect(done.status).toBe(status);
  }
});

test.each(['stdout', 'stderr'])('nobody reads %s any more: the exit code stays', (name) => {
  const [from, pipe] = name === 'stdout' ? ['list', '2>/dev/null'] : ['bogus', '2>&1 >/dev/null'];
  const done = spawnSync('bash', ['-c', `${bin} ${from} ${pipe} | true; echo \${PIPESTATUS[0]}`], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(done.stdout).toBe(name === 'stdout' ? '0\n' : '2\n');
  expect(done.stderr).toBe('');
});

test('without node_modules it says what to do', () => {
  const folder = folderWith();
  mkdirSync(join(folder, 'bin'));
  copyFileSync(bin, join(folder, 'bin/vflab'));
  const done = spawnSync(join(folder, 'bin/vflab'), ['list'], { encoding: 'utf8' });
  expect({ status: done.status, stderr: done.stderr.replaceAll(folder, '<folder>') }).toMatchInlineSnapshot(`
    {
      "status": 3,
      "stderr": "error NOT_SET_UP: <folder>/node_modules has no Node
      next: run \`make setup\` in <folder>
    ",
    }
  `);
});
