/** A booted Linux reached by SSH: commands, files, its kernel log and its clock. */
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { LabBrokeError } from '../errors.ts';
import type { UntimedEvent } from '../evidence/record.ts';
import { quoteCommand } from '../shell.ts';
import type { CommandResult, SshConnection } from './ssh.ts';

/** Where it is reported what was done to a machine; the runner's VariantRecord fits. */
export interface CommandLog {
  now(): number;
  event(event: UntimedEvent<'command' | 'wall-clock'>): void;
}

export class LinuxMachine {
  readonly name: string;
  readonly ssh: SshConnection;
  readonly #log: CommandLog;

  constructor(name: string, ssh: SshConnection, log: CommandLog) {
    this.name = name;
    this.ssh = ssh;
    this.#log = log;
  }

  /** Runs a shell command and records it, also one that never ended; a non-zero exit is the caller's to judge. */
  async run(command: string, signal: AbortSignal): Promise<CommandResult> {
    const t0 = this.#log.now();
    const record = (exitCode: number | null, output: string) =>
      this.#log.event({
        kind: 'command',
        machine: this.name,
        command,
        t0,
        exitCode,
        output: shorten(output),
      });
    const result = await this.ssh.exec(command, signal, (output) => record(null, output));
    record(result.exitCode, result.stdout + result.stderr);
    return result;
  }

  /** Runs a shell command that has to succeed and gives its stdout. */
  async must(command: string, signal: AbortSignal): Promise<string> {
    const result = await this.run(command, signal);
    if (result.exitCode === 0) return result.stdout;
    throw new LabBrokeError(
      `${this.name}: \`${shorten(command, 200)}\` ended with ${result.exitCode ?? 'no exit code'}`,
      {
        code: 'GUEST_COMMAND_FAILED',
        lastLines: (result.stderr || result.stdout).trim().split('\n').slice(-8),
      },
    );
  }

  stream(command: string, signal: AbortSignal): Promise<ClientChannel> {
    return this.ssh.stream(command, signal);
  }

  forward(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.ssh.forward(port, signal);
  }
}

/** Evidence files hold the full texts; the event stream needs only enough to recognise them. */
function shorten(text: string, limit = 4000): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} more characters)`;
}

/** One command that loads modules in order; empty input loads none. */
export function modprobeAll(modules: readonly string[]): string {
  return modules.length === 0 ? ':' : `modprobe -a ${quoteCommand(modules)}`;
}
