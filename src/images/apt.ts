/**
 * A private apt tree for each Debian suite, inside the cache: signed by Debian's keyring, usable by any user,
 * any suite on any Debian. Nothing of it reaches the system: not its sources, not its package status.
 */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import type { BuildContext } from './cache.ts';
import { withLock, withTempDirectory } from './cache.ts';
import { exists } from './exists.ts';
import { findMirrors, type Mirrors } from './mirrors.ts';
import { CommandFailed, run } from './run.ts';

/** One package in one version, and the name of its file in `<cache>/debs`. */
export interface DebianPackage {
  name: string;
  version: string;
  file: string;
}

/**
 * The packages with all they depend on (no recommended ones), newest versions of the suite and its security
 * archive, sorted by name. Throws `EnvironmentError` PACKAGE_NOT_FOUND or APT_FAILED.
 */
export async function resolvePackages(
  context: BuildContext,
  suite: string,
  names: readonly string[],
): Promise<DebianPackage[]> {
  return withLock(context, `apt-${suite}`, async () => {
    const apt = await prepareTree(context, suite);
    const uris = await apt(['install', '--print-uris', '-qq', '-y', '--no-install-recommends', ...names]);
    return parsePrintUris(uris);
  });
}

/** Downloads what `<cache>/debs` lacks. apt checks every file against the signed lists. */
export async function downloadPackages(
  context: BuildContext,
  suite: string,
  packages: readonly DebianPackage[],
): Promise<void> {
  const missing: DebianPackage[] = [];
  for (const each of packages) if (!(await exists(debPath(context, each)))) missing.push(each);
  if (missing.length === 0) return;
  context.onProgress(
    `Downloading ${missing.length} Debian package${missing.length === 1 ? '' : 's'} (${suite})`,
  );
  await withTempDirectory(context, async (dir) => {
    const wanted = missing.map(({ name, version }) => `${name}=${version}`);
    await withLock(context, `apt-${suite}`, async () => {
      const apt = await prepareTree(context, suite);
      await apt(['download', ...wanted], dir);
    });
    await mkdir(join(context.cache, 'debs'), { recursive: true });
    for (const file of await readdir(dir)) await rename(join(dir, file), join(context.cache, 'debs', file));
  });
}

export function debPath(context: BuildContext, { file }: DebianPackage): string {
  return join(context.cache, 'debs', file);
}

/** Asks the archives for their newest lists. */
export async function updateLists(context: BuildContext, suite: string): Promise<void> {
  await withLock(context, `apt-${suite}`, () => prepareTree(context, suite, true).then(() => undefined));
}

/** Lines of `--print-uris`: `'URI' name_version_arch.deb size hash`. Exported for tests. */
export function parsePrintUris(text: string): DebianPackage[] {
  const packages: DebianPackage[] = [];
  for (const line of text.split('\n')) {
    const file = /^'[^']*' (\S+\.deb) \d+/.exec(line)?.[1];
    const [name, version] = file?.split('_') ?? [];
    if (file === undefined || name === undefined || version === undefined) continue;
    packages.push({ name, version: decodeURIComponent(version), file });
  }
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Apt = (args: readonly string[], cwd?: string) => Promise<string>;

/** Makes the tree if it is absent, fetches lists if there are none (or `update`). Call with the lock held. */
async function prepareTree(context: BuildContext, suite: string, update = false): Promise<Apt> {
  const dir = join(context.cache, 'apt', suite);
  const config = join(dir, 'apt.conf');
  const apt: Apt = async (args, cwd) => {
    try {
      return await run('apt-get', ['-c', config, ...args], {
        ...(cwd === undefined ? {} : { cwd }),
        signal: context.signal,
      });
    } catch (error) {
      throw error instanceof CommandFailed ? aptError(error, suite) : error;
    }
  };
  // Written last, hence the sign that the lists are complete.
  const stamp = join(dir, 'updated');
  if (!update && (await exists(stamp))) return apt;

  context.onProgress(`Reading the package lists of ${suite}`);
  await mkdir(join(dir, 'lists', 'partial'), { recursive: true });
  await mkdir(join(dir, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(join(dir, 'status'), '');
  await writeFile(join(dir, 'sources.list'), sources(suite, await findMirrors(), await findKeyring()));
  await writeFile(config, configuration(dir));
  await apt(['update', '-q', '-o', 'APT::Update::Error-Mode=any']);
  await writeFile(stamp, '');
  return apt;
}

function sources(suite: string, mirrors: Mirrors, keyring: string): string {
  const options = `[arch=amd64 signed-by=${keyring}]`;
  const lines = [`deb ${options} ${mirrors.main} ${suite} main`];
  // What is not released has no security archive.
  if (mirrors.security !== undefined && suite !== 'sid')
    lines.push(`deb ${options} ${mirrors.security} ${suite}-security main`);
  return `${lines.join('\n')}\n`;
}

/**
 * Read after the machine's own configuration: proxies and credentials stay as the machine has them, places,
 * pinning and hooks do not. The empty status file makes apt answer for an empty system.
 */
function configuration(dir: string): string {
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State::lists "${dir}/lists";
Dir::State::status "${dir}/status";
Dir::State::extended_states "${dir}/extended_states";
Dir::Cache "${dir}/cache";
Dir::Cache::archives "archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "${dir}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "${dir}";
`;
}

/** Debian's keys in either spelling of the package debian-archive-keyring. */
async function findKeyring(): Promise<string> {
  const places = ['gpg', 'pgp'].map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`);
  for (const place of places) if (await exists(place)) return place;
  throw new EnvironmentError('Debian’s archive keys are not installed, so no package can be trusted.', {
    code: 'NO_DEBIAN_KEYRING',
    next: 'Install the package debian-archive-keyring.',
  });
}

function aptError(error: CommandFailed, suite: string): EnvironmentError {
  const missing = /E: (?:Unable to locate package |Package '?|Version '[^']*' for ')([^\s']+)/.exec(
    error.stderr,
  )?.[1];
  if (missing !== undefined) {
    return new EnvironmentError(`Debian ${suite} has no package ${missing}.`, {
      code: 'PACKAGE_NOT_FOUND',
      next: 'Check the name in the image recipe; if it is right, the lists may be old: run again with --refresh.',
      lastLines: error.lastLines,
      cause: error,
    });
  }
  return new EnvironmentError(`apt could not get what is needed from Debian ${suite}.`, {
    code: 'APT_FAILED',
    next: 'Check that this machine reaches its Debian mirror (apt-get update).',
    lastLines: error.lastLines,
    cause: error,
  });
}
