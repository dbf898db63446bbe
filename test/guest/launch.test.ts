import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { launchScript } from '../../src/guest/launch.ts';

const shell = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'vflab-launch-')), 'vm0');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

it('as long as it runs, a file names its process; then there is its exit status', async () => {
  // Stands for its QMP port: it listens already.
  await using server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as { port: number };
  await shell('sh', ['-c', launchScript(folder, ['sleep', '1000'], port)]);
  await expect.poll(() => existsSync(join(folder, 'pid'))).toBe(true);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await expect.poll(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe('sleep\x001000\0');
  process.kill(pid);
  await expect.poll(() => existsSync(join(folder, 'exit'))).toBe(true);
  expect(readFileSync(join(folder, 'exit'), 'utf8')).toBe('143\n');
  expect(existsSync(join(folder, 'pid'))).toBe(false);
});

it('one that ends before it listens: the script fails, and its words and status are kept', async () => {
  const command = ['sh', '-c', 'echo "no such device" >&2; exit 3'];
  await expect(shell('sh', ['-c', launchScript(folder, command, 1)])).rejects.toMatchObject({ code: 1 });
  expect(readFileSync(join(folder, 'exit'), 'utf8')).toBe('3\n');
  expect(readFileSync(join(folder, 'stderr'), 'utf8')).toBe('no such device\n');
  expect(existsSync(join(folder, 'pid'))).toBe(false);
});
