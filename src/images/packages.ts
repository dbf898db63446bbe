/**
 * Package lists resolved to versions, pinned in the cache: an image stays what it was, and needs no network,
 * until a list changes or the user asks for newer packages.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { type DebianPackage, downloadPackages, resolvePackages, updateLists } from './apt.ts';
import { type BuildContext, readJson, writeJson } from './cache.ts';

export interface PackageSet {
  suite: string;
  wanted: readonly string[];
  packages: DebianPackage[];
}

/** What `wanted` and its dependencies are, from the pin if there is one. */
export async function pinPackages(
  context: BuildContext,
  suite: string,
  wanted: readonly string[],
): Promise<PackageSet> {
  const file = pinFile(context, suite, wanted);
  const pinned = (await readJson(file)) as PackageSet | undefined;
  if (pinned !== undefined && context.refresh !== true) return pinned;
  if (context.refresh === true) await updateLists(context, suite);
  const set = { suite, wanted, packages: await resolvePackages(context, suite, wanted) };
  await writeJson(file, set);
  return set;
}

/**
 * Downloads a set, or those of it that `which` picks. Archives drop old versions: if one is gone, the lists are
 * brought up to date and the set is resolved anew, so the caller goes on with the set that is returned.
 */
export async function fetchPackages(
  context: BuildContext,
  set: PackageSet,
  which: (each: DebianPackage) => boolean = () => true,
): Promise<PackageSet> {
  try {
    await downloadPackages(context, set.suite, set.packages.filter(which));
    return set;
  } catch (error) {
    const stale =
      error instanceof EnvironmentError && ['APT_FAILED', 'PACKAGE_NOT_FOUND'].includes(error.code);
    if (!stale || context.refresh === true) throw error;
  }
  context.onProgress(`A package of ${set.suite} is no longer offered: looking for its successor`);
  const renewed = await pinPackages({ ...context, refresh: true }, set.suite, set.wanted);
  await downloadPackages(context, renewed.suite, renewed.packages.filter(which));
  return renewed;
}

function pinFile(context: BuildContext, suite: string, wanted: readonly string[]): string {
  const key = createHash('sha256')
    .update(JSON.stringify([suite, ...wanted]))
    .digest('hex');
  return join(context.cache, 'packages', `${key.slice(0, 16)}.json`);
}
