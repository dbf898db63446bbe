/**
 * One SSH connection to a booted machine. The host (L1) is reached by TCP; a guest (L2) through a channel of
 * the host's connection. ssh2 reports a silent peer only with keepalives on, and then as several `error`
 * events: `lost` settles once, with the first.
 */
import type { Duplex } from 'node:stream';
import pRetry, { AbortError } from 'p-retry';
import ssh2, { type ClientChannel } from 'ssh2';
import { LabBrokeError } from '../errors.ts';

export interface CommandResult {
  /** null: the connection ended, or a signal ended the command, before it could give an exit code. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface SshTarget {
  /** Machine name, for error messages. */
  machine: string;
  /** Opens the byte stream to the SSH server anew; called once an attempt. */
  open: () => Promise<Duplex>;
  /** How to prove who we are. */
  privateKey?: string;
  /** Socket of an SSH agent, in place of a key. */
  agent?: string;
  /** Default: root. */
  user?: string;
  /** Is this the server's key? Default: any, for machines that we have just booted ourselves. */
  isKnown?: (key: Buffer) => boolean;
  /** Attempts after the first. Default: as many as a booting machine may need. */
  retries?: number;
  /** A peer that answers no keepalive for `interval × count` is lost. */
  keepaliveIntervalMs: number;
  keepaliveCountMax: number;
}

export class SshConnection {
  readonly machine: string;
  /** Settles (never rejects) when the connection is gone, with the reason. */
  readonly lost: Promise<Error>;
  #client: ssh2.Client;
  #lostError: Error | undefined;

  private constructor(machine: string, client: ssh2.Client) {
    this.machine = machine;
    this.#client = client;
    this.lost = new Promise((resolve) => {
      const settle = (error: Error) => {
        this.#lostError ??= error;
        resolve(this.#lostError);
      };
      client.on('error', (error) => settle(error));
      client.on('close', () => settle(new Error('the connection was closed')));
    });
  }

  /**
   * Connects and authenticates. The first connection is the one place where a retry is right: the
   * forwarded port accepts before the server listens.
   * @throws LabBrokeError SSH_UNREACHABLE when the server rejects our key or the retries are over.
   */
  static async connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    try {
      return await pRetry(() => SshConnection.#connectOnce(target, signal), {
        retries: target.retries ?? 50,
        minTimeout: 100,
        maxTimeout: 500,
        factor: 1.5,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new LabBrokeError(`${target.machine}: cannot log in by SSH: ${(error as Error).message}`, {
        code: 'SSH_UNREACHABLE',
        next:
          target.retries === 0
            ? 'Try the same with ssh(1): it says more.'
            : 'Look at the last lines of its serial console in the run folder.',
        cause: error,
      });
    }
  }

  static async #connectOnce(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    signal.throwIfAborted();
    const sock = await target.open();
    const client = new ssh2.Client();
    const { promise, resolve, reject } = Promise.withResolvers<SshConnection>();
    const connection = new SshConnection(target.machine, client);
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    client.once('ready', () => resolve(connection));
    void connection.lost.then((error) => {
      const refused = (error as { level?: string }).level === 'client-authentication';
      reject(refused ? new AbortError(error) : error);
    });
    sock.on('error', () => client.destroy());
    client.connect({
      sock,
      username: target.user ?? 'root',
      ...(target.privateKey === undefined ? {} : { privateKey: target.privateKey }),
      ...(target.agent === undefined ? {} : { agent: target.agent }),
      ...(target.isKnown ? { hostVerifier: target.isKnown } : {}),
      keepaliveInterval: target.keepaliveIntervalMs,
      keepaliveCountMax: target.keepaliveCountMax,
      // A nested machine under TCG needs seconds for one key exchange; the caller's signal is the deadline.
      readyTimeout: 0,
    });
    try {
      return await promise;
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get isLost(): boolean {
    return this.#lostError !== undefined;
  }

  /**
   * Runs a shell command. Resolves with whatever happened; rejects only when `signal` aborts.
   * @param partial Gets what was printed so far, when `signal` aborts.
   */
  async exec(
    command: string,
    signal: AbortSignal,
    partial?: (output: string) => void,
  ): Promise<CommandResult> {
    const { exitCode, stdout, stderr } = await this.transfer(command, signal, { partial });
    return { exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
  }

  /** As `exec`, for bytes: what the command reads, and what it writes. */
  async transfer(
    command: string,
    signal: AbortSignal,
    { input, partial }: { input?: Uint8Array; partial?: ((output: string) => void) | undefined } = {},
  ): Promise<{ exitCode: number | null; stdout: Buffer; stderr: Buffer }> {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const closed = Promise.withResolvers<void>();
    let exitCode: number | null = null;
    // One packet may bring the channel's opening, the exit code and the close: whoever listens only after an
    // `await` has missed them.
    const listen = (channel: ClientChannel) => {
      channel.on('data', (chunk: Buffer) => stdout.push(chunk));
      channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      channel.on('error', () => {});
      channel.on('exit', (code: number | null) => {
        exitCode = code;
      });
      channel.on('close', () => closed.resolve());
      channel.end(input);
    };
    // The abort may come while the channel is still being opened, and nobody waits for this yet.
    closed.promise.catch(() => {});
    const abort = () => closed.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void this.lost.then(() => closed.resolve());
    try {
      await this.#open<ClientChannel>(signal, (done) =>
        this.#client.exec(command, (error, channel) => {
          if (!error) listen(channel);
          done(error, channel);
        }),
      );
      await closed.promise;
      return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
    } catch (error) {
      partial?.(Buffer.concat([...stdout, ...stderr]).toString('utf8'));
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Starts a command and hands over its channel: for output that is recorded while it comes. */
  stream(command: string, signal: AbortSignal): Promise<ClientChannel> {
    return this.#open(signal, (done) => this.#client.exec(command, done));
  }

  /** A byte stream to a TCP port of the machine's own loopback. */
  forward(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#open(signal, (done) => this.#client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done));
  }

  close(): void {
    this.#client.destroy();
  }

  async #open<T>(
    signal: AbortSignal,
    start: (done: (error: Error | undefined, value: T) => void) => unknown,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#lostError) throw this.#lostFailure(this.#lostError);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void this.lost.then((error) => reject(this.#lostFailure(error)));
    try {
      start((error, value) => (error ? reject(this.#refused(error)) : resolve(value)));
    } catch (error) {
      // ssh2 throws where the socket takes no more and has not told of its end yet.
      reject(this.#lostFailure(error as Error));
    }
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #refused(error: Error): LabBrokeError {
    return new LabBrokeError(`${this.machine}: its SSH server opens no channel: ${error.message}`, {
      code: 'SSH_CHANNEL_REFUSED',
      cause: error,
    });
  }

  #lostFailure(error: Error): LabBrokeError {
    return new LabBrokeError(`${this.machine}: the SSH connection is lost: ${error.message}`, {
      code: 'SSH_LOST',
      cause: error,
    });
  }
}
