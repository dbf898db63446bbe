/** The options that choose what of a lab's matrix is run → plans. */
import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { makePlan } from '../lab/make-plan.ts';
import type { Selection } from '../lab/matrix.ts';
import type { Plan } from '../lab/plan.ts';
import type { LoadedLab } from './labs.ts';

export interface SelectOptions {
  kernel?: string[];
  variant?: string[];
  /** `name=value` */
  axis?: string[];
  modules?: string;
  seed?: number;
}

/** @throws UsageError BAD_AXIS, NO_SUCH_KERNEL, NO_SUCH_MODULES, BAD_SELECTION */
export async function plansFor(
  cwd: string,
  labs: readonly LoadedLab[],
  options: SelectOptions,
): Promise<Plan[]> {
  const selection: Selection = {};
  const add = (name: string, value: string) => {
    selection[name] = [...(selection[name] ?? []), value];
  };
  const paths = (options.kernel ?? []).filter((kernel) => kernel.includes('/'));
  for (const kernel of options.kernel ?? []) if (!paths.includes(kernel)) add('kernel', kernel);
  for (const variant of options.variant ?? []) add('variant', variant);
  for (const axis of options.axis ?? []) {
    const at = axis.indexOf('=');
    if (at < 1)
      throw new UsageError(`--axis ${axis}: write name=value`, { code: 'BAD_AXIS', next: '--axis cpus=4' });
    add(axis.slice(0, at), axis.slice(at + 1));
  }
  const customKernel = await custom(cwd, paths, selection, options.modules);
  const fresh = randomInt(2 ** 32);
  return labs.map(({ name, file, lab }) => {
    const seed = options.seed ?? lab.seed ?? fresh;
    const result = makePlan(lab, { name, file, selection, seed, ...(customKernel ? { customKernel } : {}) });
    if (result.ok) return result.plan;
    throw new UsageError(`${name}: ${result.problems.join('\n')}`, {
      code: 'BAD_SELECTION',
      next: `\`vflab show ${name}\` lists them; \`all\` and patterns such as 'h*' choose several`,
    });
  });
}

/** The user's own kernel: a value of `--kernel` with a slash in it. */
async function custom(
  cwd: string,
  paths: readonly string[],
  selection: Selection,
  modules: string | undefined,
): Promise<{ path: string; modules?: string } | undefined> {
  if (paths.length === 0) {
    if (modules === undefined) return undefined;
    throw new UsageError('--modules belongs to a kernel of your own', {
      code: 'NO_SUCH_MODULES',
      next: 'give --kernel PATH as well, with a slash in it: --kernel ./bzImage',
    });
  }
  if (paths.length > 1 || selection.kernel)
    throw new UsageError('a kernel of your own is the only one in a run', {
      code: 'NO_SUCH_KERNEL',
      next: 'one run each; `vflab compare OLD/latest NEW/latest` sets them side by side',
    });
  const path = resolve(cwd, paths[0]!);
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new UsageError(`--kernel ${paths[0]}: no such file`, {
      code: 'NO_SUCH_KERNEL',
      next: 'give a bzImage: arch/x86/boot/bzImage of a kernel tree, or a /boot/vmlinuz-*',
    });
  if (modules === undefined) return { path };
  const folder = resolve(cwd, modules);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new UsageError(`--modules ${modules}: no such folder`, {
      code: 'NO_SUCH_MODULES',
      next: 'what `make modules_install INSTALL_MOD_PATH=…` made: …/lib/modules/<release>',
    });
  return { path, modules: folder };
}
