/** Which QEMU is installed, and whether it will do. */
import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';

export const defaultQemu = 'qemu-system-x86_64';

/** The oldest QEMU that we take: SR-IOV of igb (8.0) with the fixes of 8.2. */
export const oldestQemu = [8, 2] as const;

export interface QemuVersion {
  major: number;
  minor: number;
  micro: number;
  /** First line of `--version`, with the distribution's package version. */
  text: string;
}

/**
 * @param qemu program name or path.
 * @throws {EnvironmentError} `QEMU_MISSING`, `QEMU_TOO_OLD`.
 */
export async function qemuVersion(qemu: string = defaultQemu, signal?: AbortSignal): Promise<QemuVersion> {
  const result = await execa(qemu, ['--version'], {
    reject: false,
    timeout: 10_000,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  signal?.throwIfAborted();
  if (result.failed) {
    throw new EnvironmentError(`cannot run ${qemu}: ${result.shortMessage}`, {
      code: 'QEMU_MISSING',
      next: 'Install QEMU: `make setup`, or `apt-get install qemu-system-x86` (Debian 12: from bookworm-backports).',
      lastLines: result.stderr.split('\n').filter(Boolean).slice(-5),
      cause: result,
    });
  }
  return checkVersion(qemu, result.stdout);
}

/** Reads the output of `--version`. Pure. @throws as {@link qemuVersion} does. */
export function checkVersion(qemu: string, output: string): QemuVersion {
  const [text = ''] = output.split('\n');
  const found = /version (\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (!found) {
    throw new EnvironmentError(`${qemu} --version does not look like QEMU: "${text.slice(0, 100)}"`, {
      code: 'QEMU_MISSING',
      next: 'Install QEMU: `make setup`, or `apt-get install qemu-system-x86`.',
    });
  }
  const [major, minor, micro] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  const [oldestMajor, oldestMinor] = oldestQemu;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new EnvironmentError(
      `${qemu} is version ${major}.${minor}.${micro}; ${oldestQemu.join('.')} or newer is needed`,
      {
        code: 'QEMU_TOO_OLD',
        next: 'On Debian 12 install it from backports: `apt-get install -t bookworm-backports qemu-system-x86`.',
      },
    );
  }
  return { major, minor, micro, text };
}
