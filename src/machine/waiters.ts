/** Those who wait for one of many things that arrive, in order: a console line, a QMP event. */

interface Waiter<T> {
  matches: (item: T) => boolean;
  settle: (item: T) => void;
  reject: (reason: unknown) => void;
}

export class Waiters<T> {
  readonly #waiting = new Set<Waiter<T>>();
  #failed: Error | undefined;

  /**
   * The first item that matches: of those that came already, else of those to come.
   * @throws the signal's reason, or the error given to {@link fail}.
   */
  wait(matches: (item: T) => boolean, past: readonly T[], signal?: AbortSignal): Promise<T> {
    const found = past.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#failed) return Promise.reject(this.#failed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter<T> = { matches, settle: resolve, reject };
    const abort = () => reject(signal?.reason);
    this.#waiting.add(waiter);
    signal?.addEventListener('abort', abort, { once: true });
    const forget = () => {
      this.#waiting.delete(waiter);
      signal?.removeEventListener('abort', abort);
    };
    promise.then(forget, forget);
    return promise;
  }

  offer(item: T): void {
    for (const waiter of this.#waiting) if (waiter.matches(item)) waiter.settle(item);
  }

  /** The first reason stays. */
  fail(error: Error): void {
    this.#failed ??= error;
    for (const waiter of this.#waiting) waiter.reject(this.#failed);
  }
}
