/** Action `adopt-host`: a real host taken over, with its way back laid first. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LabBrokeError } from '../../errors.ts';
import { markClock } from '../../guest/clock.ts';
import { putFile } from '../../guest/files.ts';
import { consoleLine } from '../../guest/kmsg.ts';
import { LinuxMachine } from '../../guest/linux.ts';
import { MachineConsole } from '../../machine/console.ts';
import { LineSplitter } from '../../machine/lines.ts';
import { awaitRestoration, silenceS, startGuardian } from '../../real-host/guardian.ts';
import { type RealHost, survey } from '../../real-host/real-host.ts';
import { compareStates, readState } from '../../real-host/state.ts';
import type { VariantContext } from '../context.ts';
import { recordVersions } from './collect.ts';

/** The guardian ends guests and unloads drivers; a driver may take its time. */
const restoreBudgetMs = 120_000;

export async function adoptHost(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const real = ctx.realHost!;
  const ssh = await real.connect(signal);
  ctx.cleanup.defer(() => ssh.close());
  const linux = new LinuxMachine('host', ssh, ctx.record);
  const folder = `/run/vflab-${randomBytes(6).toString('hex')}`;
  const { steps, state } = await survey(real, linux, ctx.plan, folder, signal);
  const guardian = await startGuardian(linux, folder, steps, signal);
  ctx.cleanup.defer(() => restore(ctx, real, linux, folder, state));
  ctx.cleanup.use(guardian);
  ctx.hostFolder = folder;
  if (ctx.plan.guests.length > 0) await sendGuestFiles(ctx, linux, folder, signal);
  const serial = new MachineConsole({ clock: ctx.record.now, sink: ctx.record.machine('host').serial });
  ctx.host = {
    linux,
    serial,
    get machine(): never {
      throw new LabBrokeError('a real host has no QEMU to ask', { code: 'HOST_NOT_EMULATED' });
    },
  };
  await followKernelLog(ctx, linux, serial, signal);
  await recordVersions(ctx, linux, signal);
  // The broadcast of each recovery step is a debug message (drivers/pci/pcie/err.c, pci_dbg).
  await linux.run("echo 'file drivers/pci/pcie/err.c +p' > /sys/kernel/debug/dynamic_debug/control", signal);
}

async function sendGuestFiles(
  ctx: VariantContext,
  linux: LinuxMachine,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const files = { kernel: `${folder}/guest-kernel`, initrd: `${folder}/guest-initrd` };
  await putFile(linux, files.kernel, await readFile(ctx.files.guest.kernel), signal);
  await putFile(linux, files.initrd, await readFile(ctx.files.guest.initrd), signal);
  ctx.files.guestInHost = files;
}

/** From our own marker on: what was logged before is not this run's. */
async function followKernelLog(
  ctx: VariantContext,
  linux: LinuxMachine,
  serial: MachineConsole,
  signal: AbortSignal,
): Promise<void> {
  const stream = await linux.stream('cat /dev/kmsg', signal);
  const marker = await markClock(linux, ctx.record, signal);
  const splitter = new LineSplitter();
  let begun = false;
  stream.on('data', (bytes: Buffer) => {
    for (const raw of splitter.push(bytes)) {
      const line = consoleLine(Buffer.from(raw).toString('utf8').trimEnd());
      if (line === undefined) continue;
      begun ||= line.includes(marker);
      if (begun) serial.receive(Buffer.from(`${line}\n`));
    }
  });
  stream.on('close', () => serial.end());
  await serial.waitForLine(new RegExp(marker), { signal });
}

/** The host as it was, seen to be so. What is not goes to the variant's result, for somebody has to look. */
async function restore(
  ctx: VariantContext,
  real: RealHost,
  linux: LinuxMachine,
  folder: string,
  before: readonly string[],
): Promise<void> {
  const signal = AbortSignal.timeout(restoreBudgetMs);
  try {
    let host = linux;
    if (linux.ssh.isLost) {
      const ssh = await real.connect(signal);
      host = new LinuxMachine('host', ssh, ctx.record);
    }
    const failed = await awaitRestoration(host, folder, signal);
    const left = compareStates(before, await readState(host, signal));
    if (host !== linux) host.ssh.close();
    if (failed.length + left.length === 0) return;
    ctx.leftBehind(
      new LabBrokeError(`${real.url} is not as it was`, {
        code: 'HOST_NOT_RESTORED',
        next: 'Lines with - were so before, lines with + are so now.',
        lastLines: [...failed.map((what) => `failed: ${what}`), ...left],
      }),
    );
  } catch (error) {
    ctx.leftBehind(
      new LabBrokeError(
        `${real.url} does not answer, so that nobody saw it put back: ${(error as Error).message}`,
        {
          code: 'HOST_NOT_RESTORED',
          next: `Its guardian puts it back by itself after ${silenceS} s and writes so to the kernel log: look for "vflab:" in dmesg.`,
        },
      ),
    );
  }
}
