/** Runs the real command line in a folder of its own with tiny labs, and gives back all that it said. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished, vi } from 'vitest';

// Each call starts a Node of its own, which takes long on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

// The cache is in it, which some commands make.
const home = mkdtempSync(join(tmpdir(), 'vflab-cli-home-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

export const root = join(import.meta.dirname, '../..');
export const node = join(root, 'node_modules/.bin/node');

export interface Said {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  files?: Record<string, string | Uint8Array>;
  env?: Record<string, string>;
  /** With the runner of fake-cli.ts, ending as this says. */
  fake?: string;
  cwd?: string;
}

/** A folder with these files, gone after the test. */
export function folderWith(files: Record<string, string | Uint8Array> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'vflab-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export function vflab(args: string[], options: CliOptions = {}): Said {
  const cwd = options.cwd ?? folderWith(options.files);
  const done = spawnSync(node, commandLine(args, options), {
    cwd,
    env: environment(options),
    encoding: 'utf8',
  });
  const normal = (text: string) => text.replaceAll(cwd, '<cwd>').replaceAll(root, '<root>');
  return { exitCode: done.status, stdout: normal(done.stdout), stderr: normal(done.stderr) };
}

/** Started and left running: for signals. */
export function startVflab(args: string[], options: CliOptions) {
  return spawn(node, commandLine(args, options), { cwd: options.cwd!, env: environment(options) });
}

function commandLine(args: string[], { fake }: CliOptions): string[] {
  return [fake === undefined ? join(root, 'src/cli.ts') : join(import.meta.dirname, 'fake-cli.ts'), ...args];
}

function environment({ env, fake }: CliOptions): Record<string, string> {
  // Nothing of the npm or CI that runs these tests.
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    ...(fake === undefined ? {} : { FAKE: fake }),
    ...env,
  };
}
