/**
 * QMP client over any Duplex: a socket pair to the harness's own QEMU, an SSH channel to a guest's. No event is
 * lost: all are kept from the first byte, and every message in both directions goes to the record.
 */
import type { Duplex } from 'node:stream';
import type { QmpCommands, QmpEvents } from './qmp-commands.ts';
import { classify, type QmpMessage, QmpSplitter, type QmpVersion } from './qmp-message.ts';
import type { Clock, Sink } from './record.ts';
import { Waiters } from './waiters.ts';

/** QEMU refused a command. `errorClass` is QMP's (`GenericError`, `DeviceNotFound`, …). */
export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly command: string;
  readonly errorClass: string;
  /** QEMU's own words. */
  readonly desc: string;

  constructor(command: string, errorClass: string, desc: string) {
    super(`QMP ${command}: ${desc}`);
    this.command = command;
    this.errorClass = errorClass;
    this.desc = desc;
  }
}

/** The connection ended, or never spoke QMP. */
export class QmpClosedError extends Error {
  override readonly name = 'QmpClosedError';
}

export interface QmpEvent<Data = Record<string, unknown>> {
  /** Position among the events, counted from 0. */
  index: number;
  /** When it arrived, seconds of the harness's clock. */
  t: number;
  event: string;
  data: Data;
  /** QEMU's wall clock, seconds since 1970. */
  unixSeconds: number;
}

type EventName = keyof QmpEvents | (string & {});
type EventOf<Name extends string> = QmpEvent<
  Name extends keyof QmpEvents ? QmpEvents[Name] : Record<string, unknown>
>;
type ArgumentsOf<Name extends keyof QmpCommands> = undefined extends QmpCommands[Name]['arguments']
  ? [args?: QmpCommands[Name]['arguments'], signal?: AbortSignal]
  : [args: QmpCommands[Name]['arguments'], signal?: AbortSignal];

export interface QmpOptions {
  clock: Clock;
  record: Sink;
  signal?: AbortSignal;
  /**
   * Asked when the connection ends, with what was seen of it: the error for all who wait, e.g. that QEMU died,
   * with its last words. Must settle.
   */
  whyClosed?: (seen: Error) => Promise<Error>;
}

export class QmpClient {
  readonly #stream: Duplex;
  readonly #options: QmpOptions;
  readonly #splitter = new QmpSplitter();
  readonly #replies = new Waiters<QmpMessage>();
  readonly #eventWaiters = new Waiters<QmpEvent>();
  readonly #events: QmpEvent[] = [];
  readonly #greeting = Promise.withResolvers<QmpVersion>();
  readonly #closed = Promise.withResolvers<Error>();
  #nextId = 1;
  #closing = false;

  /**
   * Reads the greeting and leaves the negotiation mode.
   * @throws the signal's reason; {@link QmpClosedError} or what `whyClosed` says, if the connection ends first.
   */
  static async connect(stream: Duplex, options: QmpOptions): Promise<QmpClient> {
    const client = new QmpClient(stream, options);
    const { signal } = options;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    try {
      client.version = await Promise.race([client.#greeting.promise, aborted.promise]);
      await Promise.race([client.execute('qmp_capabilities'), aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    return client;
  }

  /** QEMU's version, from its greeting. */
  version!: QmpVersion;

  private constructor(stream: Duplex, options: QmpOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#greeting.promise.catch(() => {});
    stream.on('data', (bytes: Uint8Array) => {
      try {
        this.#receive(bytes);
      } catch (error) {
        this.#close(error as Error);
      }
    });
    // A reset connection is an ended one: QEMU that quits with input unread closes its side that way.
    stream.on('error', (cause) =>
      this.#close(new QmpClosedError(`QMP connection: ${cause.message}`, { cause })),
    );
    stream.on('end', () => this.#close(new QmpClosedError('QMP connection closed by QEMU')));
    stream.on('close', () => this.#close(new QmpClosedError('QMP connection closed')));
  }

  /** Resolves with the reason when the connection has ended. */
  get closed(): Promise<Error> {
    return this.#closed.promise;
  }

  /** All events so far, oldest first. */
  get events(): readonly QmpEvent[] {
    return this.#events;
  }

  /** The index that the next event will have: take it before the action whose event you want. */
  mark(): number {
    return this.#events.length;
  }

  /**
   * Runs one command. An aborted signal ends the wait for the answer, not the command.
   * @throws {QmpError} if QEMU refuses it; what `whyClosed` says if the connection ends first; the signal's reason.
   */
  async execute<Name extends keyof QmpCommands>(
    command: Name,
    ...[args, signal]: ArgumentsOf<Name>
  ): Promise<QmpCommands[Name]['return']> {
    const id = `vflab-${this.#nextId++}`;
    const reply = this.#replies.wait((message) => 'id' in message && message.id === id, [], signal);
    if (!this.#closing)
      this.#send({ execute: command, ...(args === undefined ? {} : { arguments: args }), id });
    const message = await reply;
    if (message.kind === 'error') throw new QmpError(command, message.class, message.desc);
    return (message as QmpMessage & { kind: 'return' }).value as QmpCommands[Name]['return'];
  }

  /** A command of the human monitor, by QMP; answers what it printed. HMP has no errors: read the answer. */
  async humanMonitor(commandLine: string, signal?: AbortSignal): Promise<string> {
    const text = await this.execute('human-monitor-command', { 'command-line': commandLine }, signal);
    return text.replaceAll('\r\n', '\n');
  }

  /**
   * The first event of that name for which `where` holds, from a {@link mark} on (default: from now on).
   * `name` may be `*`.
   */
  waitForEvent<Name extends EventName>(
    name: Name,
    options: {
      where?: (event: EventOf<Name>) => boolean;
      from?: 'start' | 'now' | number;
      signal?: AbortSignal;
    } = {},
  ): Promise<EventOf<Name>> {
    const { where, from = 'now', signal } = options;
    const first = from === 'now' ? this.mark() : from === 'start' ? 0 : from;
    const matches = (event: QmpEvent) =>
      event.index >= first &&
      (name === '*' || event.event === name) &&
      (where?.(event as EventOf<Name>) ?? true);
    return this.#eventWaiters.wait(matches, this.#events, signal) as Promise<EventOf<Name>>;
  }

  /** Closes our side. Who still waits is told so. Can be called twice. */
  close(): void {
    this.#close(new QmpClosedError('QMP connection closed by the harness'), false);
    this.#stream.destroy();
  }

  #send(message: object): void {
    this.#record('out', message);
    this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  #receive(bytes: Uint8Array): void {
    for (const json of this.#splitter.push(bytes)) {
      const t = this.#record('in', json);
      const message = classify(json);
      if (message.kind === 'greeting') this.#greeting.resolve(message.version);
      else if (message.kind === 'event') {
        const { kind: _, ...event } = message;
        const kept = { index: this.#events.length, t, ...event };
        this.#events.push(kept);
        this.#eventWaiters.offer(kept);
      } else this.#replies.offer(message);
    }
  }

  #record(dir: 'in' | 'out', msg: unknown): number {
    const t = this.#options.clock();
    // Six decimals, as everywhere in the records.
    this.#options.record(Buffer.from(`${JSON.stringify({ t: Number(t.toFixed(6)), dir, msg })}\n`));
    return t;
  }

  #close(error: Error, ask = true): void {
    if (this.#closing) return;
    this.#closing = true;
    const fail = (reason: Error) => {
      this.#replies.fail(reason);
      this.#eventWaiters.fail(reason);
      this.#greeting.reject(reason);
      this.#closed.resolve(reason);
    };
    const { whyClosed } = this.#options;
    if (ask && whyClosed) whyClosed(error).then(fail, fail);
    else fail(error);
  }
}
