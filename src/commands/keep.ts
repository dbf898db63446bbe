/** `--keep`: hold the machines of a variant before they are torn down, and say how to reach them. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VariantOptions } from '../run/variant.ts';
import { lendStub } from './lend-stub.ts';

type BeforeTeardown = NonNullable<VariantOptions['beforeTeardown']>;

/** Until Enter, or Ctrl-C. Without a terminal there is no Enter. */
export function holdMachines(say: (text: string) => void): BeforeTeardown {
  return async (ctx, signal) => {
    if (!ctx.host) return;
    // The key lives as long as its machines; it opens nothing else.
    const keyFile = join(ctx.record.folder, 'ssh-key');
    await writeFile(keyFile, ctx.key.privateKey, { mode: 0o600 });
    await using lent = await lendStub(ctx, signal);
    try {
      const ssh = `ssh -i ${keyFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null`;
      const toHost = `-p ${ctx.host.machine.sshPort} root@127.0.0.1`;
      const guests = ctx.plan.guests.map(
        ({ id, spec }) =>
          `  ${id}: ${ssh} -o ProxyCommand="${ssh} -W %h:%p ${toHost}" -p ${spec.control.hostPort} root@127.0.0.1\n`,
      );
      say(
        `\nThe machines of ${ctx.plan.id} are kept.\n  host: ${ssh} ${toHost}\n${guests.join('')}${lent.how}Enter goes on, Ctrl-C ends the run.\n`,
      );
      await enterOrAbort(signal);
    } finally {
      await rm(keyFile, { force: true });
    }
  };
}

async function enterOrAbort(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  signal.addEventListener('abort', done);
  if (process.stdin.isTTY) process.stdin.once('data', done).resume();
  // A promise alone does not keep Node alive.
  const alive = setInterval(() => {}, 60_000);
  try {
    if (!signal.aborted) await promise;
  } finally {
    clearInterval(alive);
    signal.removeEventListener('abort', done);
    process.stdin.off('data', done).pause();
  }
}
