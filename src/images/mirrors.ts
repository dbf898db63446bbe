/**
 * Where Debian packages come from: the mirrors that this machine's own apt uses. vflab names no server.
 */
import { EnvironmentError } from '../errors.ts';
import { run } from './run.ts';

export interface Mirrors {
  main: string;
  /** Absent where the machine's apt has no security archive. */
  security?: string;
}

const debianSuites =
  'buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable';
const mainSuite = new RegExp(`^(?:${debianSuites})$`);
const securitySuite = new RegExp(`^(?:${debianSuites})(?:-security|/updates)$`);

/**
 * `apt-get indextargets` knows both formats of sources and resolves mirror lists. Origin and label come from the
 * downloaded Release file; before the first `apt-get update` only the suite's name is known, and then the
 * component `main` tells Debian from those third parties that borrow its suite names.
 */
const format = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)';

/** Throws `EnvironmentError` NO_DEBIAN_MIRROR. */
export async function findMirrors(env: NodeJS.ProcessEnv = process.env): Promise<Mirrors> {
  let mirrors: Partial<Mirrors> = {};
  for (const extra of [[], ['--no-release-info']]) {
    if (mirrors.main === undefined) {
      mirrors = parseIndexTargets(await run('apt-get', ['indextargets', ...extra, '--format', format]));
    }
  }
  const main = env.VFLAB_DEBIAN_MIRROR || mirrors.main;
  const security = env.VFLAB_SECURITY_MIRROR || mirrors.security;
  if (main === undefined) {
    throw new EnvironmentError('This machine’s apt sources name no Debian archive to take packages from.', {
      code: 'NO_DEBIAN_MIRROR',
      next: 'Set VFLAB_DEBIAN_MIRROR (and VFLAB_SECURITY_MIRROR) to the URI of a Debian archive.',
    });
  }
  return { main, ...(security === undefined ? {} : { security }) };
}

/** Exported for tests. Lines that fit neither archive are passed over: other vendors' repositories. */
export function parseIndexTargets(text: string): Partial<Mirrors> {
  const mirrors: Partial<Mirrors> = {};
  for (const line of text.split('\n')) {
    const [uri, suite, component, origin, label] = line.split('|');
    if (!uri || !suite || uri.startsWith('cdrom:')) continue;
    // apt leaves a name that it cannot fill in as it is.
    const unknown = origin === undefined || origin === '' || origin.startsWith('$(');
    if (unknown ? component !== 'main' : origin !== 'Debian') continue;
    if (unknown ? securitySuite.test(suite) : label === 'Debian-Security') {
      mirrors.security ??= uri;
    } else if (mainSuite.test(suite)) {
      mirrors.main ??= uri;
    }
  }
  return mirrors;
}
