/** Exact versions of what runs here, and the facts of this machine that a reader of a result needs. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { qemuVersion } from '../machine/qemu-version.ts';

export async function harnessVersions(signal: AbortSignal): Promise<Record<string, string>> {
  const { text } = await qemuVersion(undefined, signal);
  return { vflab: packageVersion(), node: process.versions.node, qemu: text };
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
