/** `predict --prove` with a runner that boots nothing: the machine's evidence is a stored recording's. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { main } from '../../src/cli.ts';
import type { RunPlan } from '../../src/commands/context.ts';
import type { Plan } from '../../src/lab/plan.ts';

const recording = join(import.meta.dirname, '../fixtures/recordings/virtio-fits-6.12');

/** @param missing a disk that the machine does not list */
async function prove(kernel: string, missing?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'vflab-prove-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'snapshots'));
  for (const name of ['host.dmesg', 'snapshots/after-disks.host.virtio']) {
    const file = join(recording, name);
    const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
    const lines = text
      .toString()
      .split('\n')
      .filter((line) => !line.includes(`"name":"${missing}"`));
    writeFileSync(join(folder, name), lines.join('\n'));
  }
  let booted: Plan | undefined;
  const run = async (plan: Plan) => {
    booted = plan;
    return { result: { variants: [{ folder }] }, machines: [] };
  };
  let said = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const args = ['predict', '--kernel', kernel, '--cpus', '1', '--queues', '1', '--disks', '30', '--prove'];
  return { exitCode: await main(args, run as unknown as RunPlan), said, plan: booted! };
}

test('the machine that was described is booted, and compared disk by disk', async () => {
  const { exitCode, said, plan } = await prove('6.12');
  expect(exitCode).toBe(0);
  expect(plan.variants[0]!.disks).toMatchObject({ count: 30, queues: 1, plug: 'cold' });
  expect(said).toContain('All 30 disks ended as predicted');
});

test('what ended otherwise is named, and the exit code says so', async () => {
  const { exitCode, said } = await prove('6.12', 'virtio7');
  expect(exitCode).toBe(1);
  expect(said).toContain('1 of 30 disks ended otherwise.');
  expect(said).toMatch(/6-6 +a vector a queue +not there +DIFFERENT/);
});
