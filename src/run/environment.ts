/** Exact versions of what runs here, and the facts of this machine that a reader of a result needs. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { defaultFirmware } from '../machine/args.ts';
import { defaultQemu, qemuVersion } from '../machine/qemu-version.ts';

export async function harnessVersions(signal: AbortSignal): Promise<Record<string, string>> {
  const { text } = await qemuVersion(undefined, signal);
  return {
    vflab: packageVersion(),
    node: process.versions.node,
    qemu: text,
    [`firmware ${defaultFirmware}`]: await firmwareDigest(signal),
  };
}

/** A ROM has no version to ask for, so its bytes say which one it is. QEMU itself says where it looks. */
async function firmwareDigest(signal: AbortSignal): Promise<string> {
  const { stdout } = await execa(defaultQemu, ['-L', 'help'], { cancelSignal: signal });
  const file = stdout
    .split('\n')
    .map((folder) => join(folder, defaultFirmware))
    .find((path) => existsSync(path));
  if (file === undefined) return 'not found where QEMU looks for it';
  return `sha256 ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}

export function environmentFacts(): Record<string, string> {
  return {
    cpus: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    os: osName(),
  };
}

function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}

function osName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
