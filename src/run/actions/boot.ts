/** Action `boot-host`: the host's QEMU, its console, and the way in by SSH. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { LabBrokeError } from '../../errors.ts';
import { markClock } from '../../guest/clock.ts';
import { controlParameters } from '../../guest/command-line.ts';
import { LinuxMachine } from '../../guest/linux.ts';
import { SshConnection } from '../../guest/ssh.ts';
import { startMachine } from '../../machine/machine.ts';
import type { VariantContext } from '../context.ts';
import { recordVersions } from './collect.ts';

const keepalive = { keepaliveIntervalMs: 5_000, keepaliveCountMax: 12 };

export async function bootHost(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const t0 = performance.now();
  const { spec } = ctx.plan.host;
  const machine = await startMachine(
    {
      ...spec,
      ...ctx.files.host,
      cmdline: [...spec.cmdline, ...controlParameters(spec, ctx.key.publicBlob)],
    },
    { accel: ctx.accelerator.kind, record: ctx.record.machine('host'), signal },
  );
  ctx.cleanup.use(machine);
  ctx.watchHost(machine);

  const line = await machine.serial.waitForLine(/vflab-ready|vflab-boot-failed/, { signal });
  if (!line.text.includes('vflab-ready')) {
    throw new LabBrokeError(`the host did not boot: ${line.text.trim()}`, {
      code: 'HOST_BOOT_FAILED',
      lastLines: machine.serial.lastLines(),
    });
  }
  const ssh = await SshConnection.connect(
    { machine: 'host', open: () => openTcp(machine.sshPort), privateKey: ctx.key.privateKey, ...keepalive },
    signal,
  );
  ctx.cleanup.defer(() => ssh.close());
  const linux = new LinuxMachine('host', ssh, ctx.record);
  ctx.host = { machine, linux };
  ctx.hostBooted(performance.now() - t0);
  await markClock(linux, ctx.record, signal);
  await recordVersions(ctx, linux, signal);
  // The broadcast of each recovery step is a debug message (drivers/pci/pcie/err.c, pci_dbg).
  await linux.run("echo 'file drivers/pci/pcie/err.c +p' > /sys/kernel/debug/dynamic_debug/control", signal);
}

async function openTcp(port: number): Promise<Duplex> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  socket.once('connect', () => resolve(socket)).once('error', reject);
  return await promise;
}
