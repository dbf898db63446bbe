/** The machine of a hunt: the lab's host, deterministic, with its work given to it at its start. */
import { gzipSync } from 'node:zlib';
import { UsageError } from '../../errors.ts';
import { type HuntPlan, huntScript } from '../../hunt/script.ts';
import type { BuildContext } from '../../images/cache.ts';
import type { Plan, VariantPlan } from '../../lab/plan.ts';
import { alarmFunctions } from '../../machine/alarm.ts';
import { notDeterministic } from '../../machine/determinism.ts';
import type { MachineSpec } from '../../machine/spec.ts';
import { launchFiles } from '../launch-files.ts';

/**
 * Fixed, as a replay rests on them. With a shift of 2 an instruction takes 4 ns: 250 million a second, about what an
 * emulated CPU does.
 */
const determinism = { seed: 42, shift: 2 };

/** @throws {UsageError} `NO_HUNT`, `NOT_DETERMINISTIC` */
export function huntOf({ lab }: Plan, variant: VariantPlan): HuntPlan {
  if (variant.guests.length > 0)
    throw notDeterministic('host', `the lab ${lab} has guests`, 'tcg-single-thread-nested-hang');
  if (variant.disks) throw notDeterministic('host', `the lab ${lab} has disks`, 'icount-block-io');
  if (variant.hunt) return variant.hunt;
  throw new UsageError(`the lab ${lab} has no part \`hunt\``, {
    code: 'NO_HUNT',
    next: 'docs/hunt.md shows how to write one: what is prepared, what races, and where CPUs may be held.',
  });
}

/** @throws what preparing a kernel and an image throws */
export async function huntMachine(
  context: BuildContext,
  plan: Plan,
  variant: VariantPlan,
  hunt: HuntPlan,
): Promise<{ spec: MachineSpec; versions: Record<string, string> }> {
  const { host, versions } = await launchFiles(context, plan, variant);
  const { spec } = variant.host;
  return {
    versions,
    spec: withHunt({ ...spec, ...host }, hunt),
  };
}

/** Addresses are those of the kernel's file, so that a snapshot made anew has them again. */
export function withHunt({ trace: _, ...spec }: MachineSpec, hunt: HuntPlan): MachineSpec {
  // The kernel's command line is short.
  const script = gzipSync(huntScript(hunt, alarmFunctions), { level: 9 }).toString('base64');
  return {
    ...spec,
    cmdline: [...spec.cmdline, 'nokaslr', `vflab.name=${spec.name}`, `vflab.script=${script}`],
    gdbStub: true,
    deterministic: determinism,
  };
}
