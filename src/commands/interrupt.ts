/**
 * Ctrl-C: the first asks for an orderly end, a second one that is meant ends at once. npm sends the signal a
 * second time by itself, so a repeat within a second is not meant.
 */
import { exitCodes } from '../errors.ts';

export interface Interrupt extends Disposable {
  signal: AbortSignal;
}

type Signal = 'SIGINT' | 'SIGTERM';

const repeatMs = 1000;

export function onInterrupt(say: (text: string) => void): Interrupt {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const handle = (signal: Signal) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      say(`\n${signal}: stopping the machines and removing what was made; again to leave at once\n`);
      controller.abort(signal);
    } else if (performance.now() - firstAt > repeatMs) {
      say(`\n${signal} again: leaving at once\n`);
      // Machines are bound to our life (see src/machine/), so that even this leaves none behind.
      process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
    }
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
