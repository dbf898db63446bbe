/** `vflab predict --prove`: boots the machine that was described, and compares disk by disk. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, LabBrokeError, UsageError } from '../errors.ts';
import { kernelNames } from '../images/kernel-names.ts';
import { loadLab } from '../lab/load.ts';
import { makePlan } from '../lab/make-plan.ts';
import type { Plan } from '../lab/plan.ts';
import { formatProblem } from '../lab/problem.ts';
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import { type Description, forecasts } from '../model/virtio/description.ts';
import { fanOut } from '../report/events.ts';
import { Progress } from '../report/progress.ts';
import { proofJson, proofText } from '../report/proof-text.ts';
import { compareDisks } from '../verdict/prediction/compare.ts';
import type { CommandContext } from './context.ts';
import { type Described, ofPlan } from './describe.ts';
import { onInterrupt } from './interrupt.ts';

/** @returns 0 when every disk ended as predicted, else 1. @throws UsageError NOT_PROVABLE, LabBrokeError of the run */
export async function prove(
  context: CommandContext,
  machines: readonly { machine: Described }[],
  { json }: { json: boolean },
): Promise<number> {
  const { cwd, out, err } = context;
  // Every plan before anything boots: what cannot be built is said at once.
  const plans = machines.map(({ machine }) => planOf(machine));
  using interrupt = onInterrupt((text) => err.write(text));
  const progress = new Progress({ ...err, write: (text) => err.write(text) });
  const proofs = [];
  for (const plan of plans) {
    const described = ofPlan(plan.variants[0]!)!;
    const features = kernelFeatures(kernelVersion(described.release));
    const [forecast] = forecasts(described.description, features);
    const { result } = await context.runPlan(plan, {
      signal: interrupt.signal,
      outDir: resolve(cwd, 'runs'),
      emit: fanOut([progress]),
    });
    const variant = result.variants[0];
    if (result.interrupted || !variant) return exitCodes.interrupted;
    if (variant.error)
      throw new LabBrokeError(variant.error.message, {
        code: variant.error.code,
        next: `see ${variant.folder}`,
      });
    const read = (name: string) => readFileSync(join(variant.folder, name), 'utf8');
    const devices = read('snapshots/after-disks.host.virtio');
    const disks = compareDisks(forecast!.prediction.disks, devices, read('host.dmesg'));
    proofs.push({ machine: described, disks, folder: variant.folder });
  }
  if (json) out.write(`${JSON.stringify(proofs.map(proofJson), null, 2)}\n`);
  else out.write(proofs.map((proof) => proofText(proof, out.style)).join('\n'));
  const same = proofs.every(({ disks }) => disks.every((disk) => disk.same));
  return same ? exitCodes.asExpected : exitCodes.notAsExpected;
}

/** @throws UsageError NOT_PROVABLE, BAD_LAB */
function planOf({ release, description }: Described): Plan {
  const version = kernelVersion(release);
  const kernel = version && `${version.major}.${version.minor}`;
  const cannot = refusal(kernel, description);
  if (cannot)
    throw new UsageError(`this machine cannot be booted: ${cannot}`, {
      code: 'NOT_PROVABLE',
      next: 'predict it without --prove',
    });
  const { cpus, nodes, disks, queues, intx } = description;
  const text = JSON.stringify({
    title: 'A prediction put to the proof',
    failure: 'virtio-blk-probe-failed',
    host: {
      cpus,
      numaNodes: nodes,
      memoryMiB: 1024 + 16 * cpus + 4 * disks,
      iommu: 'none',
      // Only what is plugged into a running machine can be without a line (docs/labs.md).
      disks: { count: disks, queues, intx, plug: intx === 'pinless' ? 'hot' : 'cold' },
    },
    matrix: { kernel: [kernel] },
    variants: { proof: { expect: { verdict: 'reproduced' } } },
  });
  const loaded = loadLab(text, 'prediction');
  if (!loaded.ok)
    throw new UsageError(loaded.problems.map(formatProblem).join('\n'), { code: 'NOT_PROVABLE' });
  const planned = makePlan(loaded.lab, { name: 'prediction', file: 'prediction' });
  if (!planned.ok) throw new UsageError(planned.problems.join('\n'), { code: 'NOT_PROVABLE' });
  return planned.plan;
}

function refusal(kernel: string | undefined, description: Description): string | undefined {
  const { cpus, possible, threads, affinity } = description;
  if (kernel === undefined || !(kernel in kernelNames))
    return `there is no Linux ${kernel ?? '?'} to boot, only ${Object.keys(kernelNames).join(', ')}`;
  if (possible > cpus) return 'labs have no CPUs that are possible and not there';
  if (threads > 1) return 'labs have one thread a core';
  return affinity ? undefined : 'its driver has to be built: a lab can (`driver:` of its disks)';
}
