/**
 * The real command line with a runner that boots nothing: it says what happens by the FAKE variable. Everything
 * but `runPlan` is what users run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { main } from '../../src/cli.ts';
import type { RunPlan } from '../../src/commands/context.ts';
import { EnvironmentError, LabBrokeError } from '../../src/errors.ts';
import type { RunResult, VariantResult } from '../../src/report/result.ts';
import { broke, clean, runResult, variantResult, wrong } from '../report/sample.ts';

const outcomes: Record<string, VariantResult> = {
  reproduced: variantResult(),
  clean,
  wrong,
  broke,
  inconclusive: variantResult({
    verdict: 'inconclusive',
    asExpected: false,
    reason: 'The fault is unproved.',
  }),
};

const fakeRunPlan: RunPlan = async (plan, { outDir, emit, signal, repeat }) => {
  const folder = join(outDir, `run-${plan.lab}`);
  mkdirSync(folder, { recursive: true });
  emit({ t: 0, kind: 'run-start', plan, folder, repeat: repeat ?? 1 });
  const what = process.env.FAKE ?? 'reproduced';
  if (what === 'no-qemu')
    throw new EnvironmentError('QEMU is not installed', { code: 'QEMU_MISSING', next: 'run `make setup`' });
  if (what === 'lab-broke')
    throw new LabBrokeError('the image did not boot', { code: 'HOST_BOOT_FAILED', lastLines: ['a', 'b'] });
  if (what === 'bug') throw new TypeError('x is not a function');
  const result: RunResult = runResult([], { lab: plan.lab, file: plan.file, folder });
  if (what === 'hangs' || what === 'hangs-forever') {
    writeFileSync(join(folder, 'started'), '');
    process.stderr.write('READY\n');
    while (!signal.aborted || what === 'hangs-forever') await sleep(20);
    result.interrupted = signal.reason;
    return { result, machines: [] };
  }
  for (const { id, axes } of plan.variants)
    result.variants.push({ ...outcomes[what]!, id, axes, folder: join(folder, id) });
  emit({ t: 1000, kind: 'run-end', result });
  return {
    result,
    machines: [{ variant: '6.12+hang', machine: 'host', command: ['qemu-system-x86_64', '-S'] }],
  };
};

process.exitCode = await main(process.argv.slice(2), fakeRunPlan);
