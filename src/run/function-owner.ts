/** The program of the host that owns a function through VFIO: images/files/vfio-owner, reached by its stdin. */
import type { ClientChannel } from 'ssh2';
import { LabBrokeError } from '../errors.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import { quote } from '../shell.ts';

/** Since the program began. */
export interface InterruptCounts {
  raised: number;
  /** By an interrupt that came. */
  handled: number;
  /** Those of `handled` that nobody had raised. */
  spurious: number;
  switches: number;
  injected: number;
  timeouts: number;
}

const names = ['raised', 'handled', 'spurious', 'switches', 'injected', 'timeouts'] as const;

/** Interrupts that the device waits for an answer to. */
export function outstanding({ raised, handled, spurious, injected, timeouts }: InterruptCounts): number {
  return raised - handled + spurious - injected - timeouts;
}

export class FunctionOwner {
  readonly #channel: ClientChannel;
  readonly #lines: string[] = [];
  #rest = '';
  #waiting: PromiseWithResolvers<void> | undefined;
  #ended = false;

  /** It runs on `cpu`; its interrupts go where the default affinity says. @throws {LabBrokeError} OWNER_ENDED */
  static async start(
    linux: LinuxMachine,
    bdf: string,
    cpu: number,
    signal: AbortSignal,
  ): Promise<FunctionOwner> {
    const command = `exec taskset ${(1 << cpu).toString(16)} perl /usr/lib/vflab/vfio-owner ${quote(bdf)} 2>&1`;
    const owner = new FunctionOwner(await linux.stream(command, signal));
    await owner.answer(signal);
    return owner;
  }

  private constructor(channel: ClientChannel) {
    this.#channel = channel;
    channel.on('data', (bytes: Buffer) => {
      const lines = (this.#rest + bytes.toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#waiting?.resolve();
    });
    channel.on('close', () => {
      this.#ended = true;
      this.#waiting?.resolve();
    });
    channel.on('error', () => {});
  }

  async ask(command: string, signal: AbortSignal): Promise<InterruptCounts> {
    this.tell(command);
    return await this.answer(signal);
  }

  /** Its answer is to be waited for by {@link answer}. */
  tell(command: string): void {
    this.#channel.write(`${command}\n`);
  }

  async answer(signal: AbortSignal): Promise<InterruptCounts> {
    while (this.#lines.length === 0 && !this.#ended) {
      const waiting = Promise.withResolvers<void>();
      this.#waiting = waiting;
      const abort = () => waiting.reject(signal.reason);
      signal.throwIfAborted();
      signal.addEventListener('abort', abort, { once: true });
      await waiting.promise.finally(() => signal.removeEventListener('abort', abort));
    }
    const line = this.#lines.shift();
    const values = names.map((name) => new RegExp(`\\b${name} (\\d{1,9})\\b`).exec(line ?? '')?.[1]);
    if (line === undefined || values.includes(undefined))
      throw new LabBrokeError(`the program that owns the function ended: ${line ?? 'it said nothing'}`, {
        code: 'OWNER_ENDED',
        next: 'Its words are what VFIO answered: is the function bound to vfio-pci, alone in its IOMMU group?',
        lastLines: this.#lines,
      });
    return Object.fromEntries(
      names.map((name, i) => [name, Number(values[i])]),
    ) as unknown as InterruptCounts;
  }

  close(): void {
    this.#channel.end();
  }
}
