/** The program that owns a function: its answers, its end, and waits that are given up. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { LinuxMachine } from '../../src/guest/linux.ts';
import { FunctionOwner, outstanding } from '../../src/run/function-owner.ts';

const none = new AbortController().signal;
const line = (raised: number, handled: number) =>
  `raised ${raised} handled ${handled} spurious 0 switches 0 injected 0 timeouts 0\n`;

/** A channel whose other end is ours. */
function channel() {
  const asked: string[] = [];
  const stream = new PassThrough();
  const fake = Object.assign(stream, { write: (text: string) => asked.push(text) > 0 });
  const say = (text: string) => stream.emit('data', Buffer.from(text));
  const linux = { stream: async () => fake } as unknown as LinuxMachine;
  return { asked, say, linux, stream };
}

async function started() {
  const ends = channel();
  const starting = FunctionOwner.start(ends.linux, '0000:01:00.0', 0, none);
  await Promise.resolve();
  ends.say(line(0, 0));
  return { ...ends, owner: await starting };
}

it('one answer a command, in order, whatever pieces they come in', async () => {
  const { asked, say, owner } = await started();
  const first = owner.ask('raise', none);
  const text = line(1, 0) + line(1, 1);
  say(text.slice(0, 10));
  say(text.slice(10));
  expect(await first).toMatchObject({ raised: 1, handled: 0 });
  const second = await owner.ask('settle 1', none);
  expect(outstanding(second)).toBe(0);
  expect(asked).toEqual(['raise\n', 'settle 1\n']);
});

it('a program that ends says why', async () => {
  const { say, stream, owner } = await started();
  const asked = owner.ask('raise', none);
  say('SET_IRQS: Device or resource busy\n');
  await expect(asked).rejects.toMatchObject({
    code: 'OWNER_ENDED',
    message: expect.stringContaining('SET_IRQS: Device or resource busy'),
  });
  const last = owner.ask('state', none);
  stream.emit('close');
  await expect(last).rejects.toMatchObject({ code: 'OWNER_ENDED' });
});

it('a wait that is given up', async () => {
  const { owner } = await started();
  const stop = new AbortController();
  const asked = owner.ask('raise', stop.signal);
  stop.abort(new Error('SIGINT'));
  await expect(asked).rejects.toThrow('SIGINT');
});
