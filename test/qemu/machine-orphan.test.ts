/** `kill -9` of the harness leaves nothing: no process, no file, no socket. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const source = join(import.meta.dirname, '../../src/machine');
const specs = join(import.meta.dirname, '../machine/specs.ts');

/** A harness of its own: starts a machine with disks and a process inside it to watch, says its pid, and hangs. */
const harness = `
import { startMachine } from ${JSON.stringify(join(source, 'machine.ts'))};
import { recordToMemory } from ${JSON.stringify(join(source, 'record.ts'))};
import { fullTree } from ${JSON.stringify(specs)};
const machine = await startMachine(fullTree(), { accel: 'tcg', record: recordToMemory() });
console.log(JSON.stringify({ pid: machine.pid, port: machine.sshPort }));
setInterval(() => {}, 1000);
`;

it.each(['SIGKILL', 'SIGTERM'] as const)('%s of the harness', async (signal) => {
  const folder = await mkdtemp(join(tmpdir(), 'vflab-orphan-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const script = join(folder, 'harness.ts');
  await writeFile(script, harness);

  const child = spawn(process.execPath, [script], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { pid } = JSON.parse(String(line));
  // Should this test fail: not by leaving one behind itself.
  onTestFinished(async () => {
    if ((await commandLine(pid)).includes('qemu-system')) process.kill(pid, 'SIGKILL');
  });
  expect(await commandLine(pid)).toMatch(/^qemu-system-x86_64\0-name\0host/);
  const held = await readdir(`/proc/${pid}/fd`);
  expect(held.length).toBeGreaterThan(5);

  child.kill(signal);
  await once(child, 'exit');
  await expect.poll(() => commandLine(pid), { timeout: 5_000, interval: 10 }).toBe('');
  expect(await readdir(temporary)).toEqual([]);
});

/** Empty for a process that is gone, or a zombie. */
async function commandLine(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
}
