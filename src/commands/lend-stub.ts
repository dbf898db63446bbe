/** A kept host's gdb stub, lent to `vflab inspect` and to gdb: on a loopback port, which leaves nothing behind. */
import { rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { VariantContext } from '../run/context.ts';
import { kernelFacts } from '../run/inspect.ts';

export interface LentStub extends AsyncDisposable {
  /** What to type, indented lines; empty if there is no stub. */
  how: string;
}

export async function lendStub(ctx: VariantContext, signal: AbortSignal): Promise<LentStub> {
  const stack = new AsyncDisposableStack();
  const close = { [Symbol.asyncDispose]: () => stack.disposeAsync() };
  const { machine, linux } = ctx.host!;
  const { gdb } = machine;
  if (!gdb) return { how: '', ...close };
  try {
    const facts = await kernelFacts(linux, machine.spec.kernel, signal);
    const files = {
      btf: join(ctx.record.folder, 'host.btf'),
      kallsyms: join(ctx.record.folder, 'host.kallsyms'),
    };
    for (const what of ['btf', 'kallsyms'] as const) {
      stack.defer(() => rm(files[what], { force: true }));
      await writeFile(files[what], facts[what]);
    }
    const server = createServer((socket) => {
      // One after the other: whoever comes second is answered when the first has left.
      socket.setNoDelay().on('error', () => {});
      gdb.lend(socket).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    stack.defer(() => void server.close());
    const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const how =
      `  its vectors: vflab inspect --gdb ${at} --btf ${files.btf} --kallsyms ${files.kallsyms}\n` +
      `  its kernel in gdb: target remote ${at} (it stands still until gdb leaves by \`detach\`)\n`;
    return { how, ...close };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
