/**
 * Client of QEMU's gdb stub over any Duplex: stop all CPUs, read, go on. It tells of the machine what no program
 * inside could tell without changing it, and does so while nothing in it moves.
 *
 * Facts of the stub (QEMU 10.0, gdbstub/gdbstub.c, gdb_read_byte(), and gdbstub/system.c): it has no
 * `QStartNoAckMode`, but takes the next packet for an acknowledgement, so that packets can follow each other
 * without waiting. Whatever byte arrives while the machine runs stops it; only 0x03 gets a stop reply, and that
 * byte is thrown away where the packet before it was not acknowledged.
 */
import type { Duplex } from 'node:stream';
import { type HeldCpus, type StubPort, whileHeld } from './held-cpus.ts';
import { encodePacket, GdbStubError, PacketSplitter } from './packet.ts';
import { includedDocuments, type RegisterPlace, readRegisters, registerPlaces } from './registers.ts';
import type { MemoryRange, Stop, StoppedCpus } from './stopped-cpus.ts';

/** The stub refused a command: `reply` is its `Enn`, or empty where it does not know the command. */
export class GdbError extends GdbStubError {
  override readonly name = 'GdbError';
  readonly command: string;
  readonly reply: string;

  constructor(command: string, reply: string) {
    super(`gdb stub: ${command}: ${reply === '' ? 'not supported' : reply}`);
    this.command = command;
    this.reply = reply;
  }
}

/** The connection ended. */
export class GdbClosedError extends GdbStubError {
  override readonly name = 'GdbClosedError';
}

/** The stub takes this much at once: MAX_PACKET_LENGTH / 2, as a byte is two digits (gdbstub.c, handle_read_mem()). */
const maxRead = 2048;

export class GdbStub {
  readonly #stream: Duplex;
  readonly #splitter = new PacketSplitter();
  /** Commands that were sent and not answered, oldest first. */
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  /** The stub's last packet was not followed by one of ours. */
  #unacknowledged = false;
  #stopReplies = 0;
  /** Who waits for the next stop. */
  #onStop: PromiseWithResolvers<Stop> | undefined;
  #closed: Error | undefined;
  #places: ReadonlyMap<string, RegisterPlace> = new Map();
  #borrower: Duplex | undefined;
  /** Those who want the machine stopped take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * The machine stands still from the moment that QEMU has the connection; {@link resume} lets it go.
   * @throws {GdbProtocolError} if the other side is no stub; {GdbClosedError}; the signal's reason.
   */
  static async connect(stream: Duplex, signal?: AbortSignal): Promise<GdbStub> {
    const stub = new GdbStub(stream);
    const features = await stub.#command('qSupported:multiprocess+;xmlRegisters=i386', signal);
    if (!features.includes('qXfer:features:read+')) throw new GdbError('qSupported', features);
    stub.#places = await stub.#description(signal);
    return stub;
  }

  private constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (bytes: Uint8Array) => {
      if (this.#borrower) {
        this.#borrower.write(bytes);
        return;
      }
      try {
        for (const packet of this.#splitter.push(bytes)) this.#receive(packet);
      } catch (error) {
        this.#close(error as Error);
        stream.destroy();
      }
    });
    stream.on('error', (cause) => this.#close(new GdbClosedError(`gdb stub: ${cause.message}`, { cause })));
    stream.on('end', () => this.#close(new GdbClosedError('gdb stub: connection closed by QEMU')));
    stream.on('close', () => this.#close(new GdbClosedError('gdb stub: connection closed')));
  }

  /**
   * Stops all CPUs, does `work`, and lets them go on whatever happens; a machine that stood still before is left
   * standing. Nothing slow belongs into `work`: the machine's clock stands still too.
   */
  whileStopped<T>(work: (cpus: StoppedCpus) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#turn.then(async () => {
      signal?.throwIfAborted();
      const before = this.#stopReplies;
      try {
        await this.#stop();
        return await work(this.#stoppedCpus(signal));
      } finally {
        if (this.#stopReplies > before) this.resume();
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /**
   * As {@link whileStopped}, for work that lets single CPUs go on and holds the others. All breakpoints are gone and
   * all CPUs run afterwards, whatever happens.
   */
  hold<T>(work: (cpus: HeldCpus) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.whileStopped((cpus) => {
      const port: StubPort = {
        cpus,
        ask: (...commands) => Promise.all(commands.map((command) => this.#command(command, signal))),
        must: (command, { always = false } = {}) => this.#accepted(command, always ? undefined : signal),
        go: (actions, until) => this.#run(actions, until, signal),
      };
      return whileHeld(port, work);
    }, signal);
  }

  /**
   * Another client, such as gdb itself, has the connection until it leaves; the machine stands still when it comes,
   * as it does when one connects to QEMU, and goes on when it has left.
   */
  lend(client: Duplex): Promise<void> {
    return this.whileStopped(async () => {
      const left = Promise.withResolvers<void>();
      this.#borrower = client;
      client.on('data', (bytes: Uint8Array) => this.#stream.write(bytes));
      for (const event of ['close', 'end', 'error']) client.once(event, () => left.resolve());
      this.#stream.once('close', () => left.resolve());
      await left.promise;
      this.#borrower = undefined;
      client.destroy();
      // Whatever it did: from here on we know again how the machine is. If it detached, the stub has no CPU to
      // answer for any more, and the next question ends QEMU (gdbstub.c, handle_detach(): g_cpu is NULL); attached
      // anew, it has. The stop reply to that is what lets the machine go on.
      this.#unacknowledged = true;
      this.#stream.write(`+\x03${encodePacket('vAttach;1')}`);
      await this.#command('qC', undefined);
    });
  }

  /** Lets all CPUs go on. */
  resume(): void {
    if (!this.#closed) this.#stream.write(encodePacket('vCont;c'));
    this.#unacknowledged = false;
  }

  /** Closes our side. Can be called twice. */
  close(): void {
    this.#close(new GdbClosedError('gdb stub: connection closed by the harness'));
    this.#stream.destroy();
  }

  async #stop(): Promise<void> {
    this.#stream.write(this.#unacknowledged ? '+\x03' : '\x03');
    // Answered in any case, and after the stop reply if there is one: not to be aborted, or the machine would be
    // left standing.
    await this.#command('qC', undefined);
  }

  /** Sends `vCont` and waits for the stop that ends it; an abort of either signal stops the machine. */
  async #run(
    actions: string,
    until: AbortSignal | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Stop> {
    if (this.#closed) throw this.#closed;
    signal?.throwIfAborted();
    const stop = Promise.withResolvers<Stop>();
    this.#onStop = stop;
    const asked = AbortSignal.any([until, signal].filter((each) => each !== undefined));
    const ask = () => void this.#stop().catch(stop.reject);
    this.#stream.write(encodePacket(`vCont;${actions}`));
    this.#unacknowledged = false;
    if (asked.aborted) ask();
    else asked.addEventListener('abort', ask, { once: true });
    try {
      const seen = await stop.promise;
      signal?.throwIfAborted();
      return seen;
    } finally {
      asked.removeEventListener('abort', ask);
      this.#onStop = undefined;
    }
  }

  #stoppedCpus(signal: AbortSignal | undefined): StoppedCpus {
    return {
      readPhysical: (ranges) => this.#readPhysical(ranges, signal),
      threads: () => this.#threads(signal),
      registers: (thread) => this.#registers(thread, signal),
    };
  }

  async #readPhysical(
    ranges: readonly MemoryRange[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    this.#stream.cork();
    // The mode is the stub's, not the connection's: a gdb that comes after us must not find it.
    const on = this.#accepted('Qqemu.PhyMemMode:1', signal);
    const reads = ranges.map((range) => pieces(range).map((piece) => this.#readPiece(piece, signal)));
    const off = this.#accepted('Qqemu.PhyMemMode:0', signal);
    this.#stream.uncork();
    const [, parts] = await Promise.all([on, Promise.all(reads.map((read) => Promise.all(read))), off]);
    return parts.map((read) => (read.length === 1 ? read[0]! : Buffer.concat(read)));
  }

  async #readPiece({ address, length }: MemoryRange, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const command = `m${address.toString(16)},${length.toString(16)}`;
    const bytes = Buffer.from(await this.#command(command, signal), 'hex');
    if (bytes.length !== length) throw new GdbError(command, `${bytes.length} bytes`);
    return bytes;
  }

  async *#threads(signal: AbortSignal | undefined): AsyncGenerator<string> {
    for (let reply = await this.#command('qfThreadInfo', signal); reply.startsWith('m'); ) {
      yield* reply.slice(1).split(',');
      reply = await this.#command('qsThreadInfo', signal);
    }
  }

  async #registers(thread: string, signal: AbortSignal | undefined): Promise<Map<string, bigint>> {
    await this.#accepted(`Hg${thread}`, signal);
    return readRegisters(this.#places, Buffer.from(await this.#command('g', signal), 'hex'));
  }

  async #description(signal: AbortSignal | undefined): Promise<Map<string, RegisterPlace>> {
    const target = await this.#document('target.xml', signal);
    const documents = [target];
    for (const name of includedDocuments(target)) documents.push(await this.#document(name, signal));
    return registerPlaces(documents);
  }

  async #document(name: string, signal: AbortSignal | undefined): Promise<string> {
    let text = '';
    for (;;) {
      const command = `qXfer:features:read:${name}:${text.length.toString(16)},${maxRead.toString(16)}`;
      const reply = await this.#command(command, signal);
      if (!/^[lm]/.test(reply)) throw new GdbError(command, reply);
      text += reply.slice(1);
      if (reply.startsWith('l') || reply.length === 1) return text;
    }
  }

  async #accepted(command: string, signal: AbortSignal | undefined): Promise<void> {
    const reply = await this.#command(command, signal);
    if (reply !== 'OK') throw new GdbError(command, reply);
  }

  /** Sends a command that is answered. Refusals are the caller's to see, but for an error number. */
  async #command(command: string, signal: AbortSignal | undefined): Promise<string> {
    if (this.#closed) throw this.#closed;
    signal?.throwIfAborted();
    const answer = Promise.withResolvers<string>();
    this.#waiting.push(answer);
    this.#stream.write(encodePacket(command));
    const abort = () => answer.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const reply = await answer.promise;
      if (/^E[0-9a-f]{2}$/.test(reply)) throw new GdbError(command, reply);
      return reply;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #receive(packet: string): void {
    this.#unacknowledged = true;
    // No answer to a command of ours begins like a stop reply.
    if (/^[TSWX]/.test(packet)) {
      this.#stopReplies += 1;
      this.#onStop?.resolve(stopOf(packet));
    }
    // One that nobody waits for any more is taken off all the same: answers come in order.
    else this.#waiting.shift()?.resolve(packet);
  }

  #close(error: Error): void {
    this.#closed ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closed);
    this.#onStop?.reject(this.#closed);
  }
}

/** `T05thread:p01.02;`: signal 5 is SIGTRAP, 2 is SIGINT (gdbstub/system.c, gdb_vm_state_change()). */
function stopOf(reply: string): Stop {
  const thread = /thread:([^;]+);/.exec(reply)?.[1];
  return { ...(thread ? { thread } : {}), why: reply.startsWith('T05') ? 'trap' : 'asked' };
}

function pieces({ address, length }: MemoryRange): MemoryRange[] {
  const list: MemoryRange[] = [];
  for (let done = 0; done < length; done += maxRead)
    list.push({ address: address + done, length: Math.min(maxRead, length - done) });
  return list;
}
