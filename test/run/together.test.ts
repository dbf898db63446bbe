import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from '../../src/run/together.ts';

const forever = (signal: AbortSignal) => delay(1e9, undefined, { signal });

test('the first that fails ends the others, and is what is thrown, once all have ended', async () => {
  const ended: string[] = [];
  const job = (name: string) => async (signal: AbortSignal) => {
    await forever(signal).finally(() => ended.push(name));
  };
  const failing = async () => {
    throw new Error('broke');
  };
  const run = together(new AbortController().signal, [job('a'), failing, job('b')]);
  await expect(run).rejects.toThrow('broke');
  expect(ended.sort()).toEqual(['a', 'b']);
});

test('Ctrl-C ends all, with its own reason', async () => {
  const stop = new AbortController();
  const run = together(stop.signal, [forever, forever]);
  stop.abort('SIGINT');
  await expect(run).rejects.toBe('SIGINT');
});

test('all done', async () => {
  const done: number[] = [];
  await together(new AbortController().signal, [
    async () => void done.push(1),
    async () => void done.push(2),
  ]);
  expect(done).toEqual([1, 2]);
});
