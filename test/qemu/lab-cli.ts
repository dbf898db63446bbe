/** Runs the real command line on real machines, in a folder and a process family of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunResult } from '../../src/report/result.ts';

const bin = join(import.meta.dirname, '../../bin/vflab');
export const labs = join(import.meta.dirname, '../../labs');

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export class LabCli implements Disposable {
  readonly cwd: string;
  readonly tmp: string;
  readonly #id = randomUUID();
  readonly #root: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    this.#root = mkdtempSync(join(tmpdir(), 'vflab-test-'));
    this.cwd = join(this.#root, 'cwd');
    this.tmp = join(this.#root, 'tmp');
    mkdirSync(this.cwd);
    mkdirSync(this.tmp);
  }

  /** Writes a lab file and gives its path. */
  lab(name: string, text: string): string {
    const path = join(this.cwd, `${name}.yaml`);
    writeFileSync(path, text);
    return path;
  }

  /** @param env More environment, e.g. a PATH. */
  start(args: readonly string[], env: Record<string, string> = {}): Started {
    const child = spawn(bin, args, {
      cwd: this.cwd,
      env: { ...process.env, TMPDIR: this.tmp, NO_COLOR: '1', VFLAB_TEST_ID: this.#id, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return new Started(child);
  }

  /** Every process that belongs to this test and still runs, as `pid name`. */
  processes(): string[] {
    const own = `VFLAB_TEST_ID=${this.#id}`;
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(own))
      .map((pid) => `${pid} ${read(`/proc/${pid}/comm`).trim()}`);
  }

  /** QEMUs that are machines: one that only says its version is none. */
  qemuPids(): number[] {
    return this.processes()
      .filter((line) => line.includes('qemu'))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => read(`/proc/${pid}/cmdline`).includes('\0-machine\0'));
  }

  /** What a run should not have left: processes, temporary files. Run folders are meant to stay. */
  leftovers(): string[] {
    return [...this.processes(), ...readdirSync(this.tmp)];
  }

  /** Presses Ctrl-C once a machine runs: no report, no error, and nothing left. */
  async interruptHunt(run: Started): Promise<void> {
    await until(() => this.qemuPids().length > 0);
    run.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await run.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toContain('SIGINT: stopping the machines');
    expect(stderr).not.toContain('error');
    expect(this.leftovers()).toEqual([]);
  }

  /** The newest run's result.json. */
  result(): RunResult {
    return JSON.parse(readFileSync(join(this.cwd, 'runs/latest/result.json'), 'utf8')) as RunResult;
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const pid of this.qemuPids()) process.kill(pid, 'SIGKILL');
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 3 });
  }
}

export class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stderr = '';
  readonly #waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    let stdout = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      for (const look of this.#waiting) look();
    });
    const { promise, resolve } = Promise.withResolvers<Ended>();
    child.on('close', (exitCode, signal) => {
      resolve({ exitCode, signal, stdout, stderr: this.#stderr });
      for (const look of this.#waiting) look();
    });
    this.ended = promise;
  }

  /** Resolves when the progress on stderr says this. @throws if the process ends without. */
  async says(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#stderr.includes(text)) resolve();
      else if (this.child.exitCode !== null || this.child.signalCode !== null)
        reject(new Error(`ended without saying "${text}":\n${this.#stderr}`));
    };
    this.#waiting.add(look);
    look();
    try {
      await promise;
    } finally {
      this.#waiting.delete(look);
    }
  }
}

/** Polls until a condition of the outside world holds; the test's own timeout is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}
