/** Actions `snapshot` and `collect`: raw evidence of every machine that still answers. */
import { markClock } from '../../guest/clock.ts';
import { takeInventory } from '../../guest/inventory.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import { listVirtioDevices } from '../../guest/virtio.ts';
import type { Moment } from '../../lab/plan.ts';
import { answering, type VariantContext } from '../context.ts';
import { askOrGoOn } from '../wait.ts';
import { closeLedger, keepsLedger } from './ledger.ts';
import { matrixSnapshot } from './matrix.ts';

const commands = {
  interrupts: 'cat /proc/interrupts',
  lspci: 'lspci -Dnnkvvv',
} as const;

/** A machine that does not answer within this is left out, with a note; it may be the failure itself. */
const answerBudgetMs = 10_000;

export async function snapshot(
  ctx: VariantContext,
  on: string,
  moment: Moment,
  signal: AbortSignal,
): Promise<void> {
  const machine = answering(ctx, on);
  if (!machine) {
    ctx.record.event({ kind: 'note', text: `no ${moment} snapshot of ${on}: it does not answer` });
    return;
  }
  // The mark in the kernel's log and in the trace is where this moment is in them.
  const accounts = on === 'host' && ctx.plan.host.accounts === true;
  if (accounts || (ctx.plan.disks && on === 'host')) await markClock(machine, ctx.record, signal);
  if (accounts) await inventory(ctx, machine, moment, signal);
  // A race changes nothing that lspci shows.
  const whats = ctx.plan.race && moment !== 'before-fault' ? [] : (['lspci'] as const);
  for (const what of ['interrupts', ...whats] as const) {
    const t0 = ctx.record.now();
    const budgetMs = ctx.scaled(answerBudgetMs);
    const result = await askOrGoOn(budgetMs, signal, (s) => machine.ssh.exec(commands[what], s));
    if (result?.exitCode !== 0) {
      const why = result ? 'it failed' : 'no answer';
      ctx.record.event({ kind: 'note', text: `no ${moment} ${what} snapshot of ${on}: ${why}` });
      return;
    }
    const file = `snapshots/${moment}.${on}.${what}`;
    ctx.record.file(file, result.stdout);
    ctx.record.event({ kind: 'snapshot', machine: on, what, moment, file, t0 });
  }
  if (ctx.plan.disks && on === 'host') await virtioSnapshot(ctx, machine, moment, signal);
  if (on === 'host') await matrixSnapshot(ctx, moment, signal);
}

/** Right after the marker: what the trace has at it, the inventory has too. */
async function inventory(
  ctx: VariantContext,
  machine: LinuxMachine,
  moment: Moment,
  signal: AbortSignal,
): Promise<void> {
  const t0 = ctx.record.now();
  const found = await askOrGoOn(ctx.scaled(2 * answerBudgetMs), signal, (s) => takeInventory(machine, s));
  if (found === undefined) {
    ctx.record.event({ kind: 'note', text: `no ${moment} inventory of ${machine.name}: no whole answer` });
    return;
  }
  const file = `snapshots/${moment}.${machine.name}.inventory`;
  ctx.record.file(file, found);
  ctx.record.event({ kind: 'snapshot', machine: machine.name, what: 'inventory', moment, file, t0 });
}

async function virtioSnapshot(
  ctx: VariantContext,
  machine: LinuxMachine,
  moment: Moment,
  signal: AbortSignal,
): Promise<void> {
  const t0 = ctx.record.now();
  const file = `snapshots/${moment}.host.virtio`;
  const devices = await listVirtioDevices(machine, signal);
  ctx.record.file(file, devices.map((device) => `${JSON.stringify(device)}\n`).join(''));
  ctx.record.event({ kind: 'snapshot', machine: 'host', what: 'virtio', moment, file, t0 });
  const { stdout } = await machine.ssh.exec('cat /proc/irq/default_smp_affinity', signal);
  ctx.record.event({ kind: 'default-affinity', machine: 'host', moment, mask: stdout.trim(), t0 });
}

/** Last action of every variant, also of one that broke: what the machines themselves have on record. */
export async function collect(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  for (const name of ['host', ...ctx.plan.guests.map((g) => g.id)]) {
    const machine = answering(ctx, name);
    const done =
      machine && (await askOrGoOn(ctx.scaled(answerBudgetMs), signal, (s) => kernelLog(ctx, machine, s)));
    if (!done) ctx.record.event({ kind: 'note', text: `${name} gave no kernel log: it does not answer` });
  }
  if (keepsLedger(ctx)) await closeLedger(ctx, signal);
  if (ctx.plan.disks || keepsLedger(ctx) || ctx.plan.host.accounts) await vectorTrace(ctx, signal);
}

/** The trace of the host's vectors since boot: some ten bytes a vector and CPU, so megabytes with many of both. */
async function vectorTrace(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const result = await askOrGoOn(ctx.scaled(6 * answerBudgetMs), signal, async (s) =>
    answering(ctx, 'host')?.ssh.exec('cat /sys/kernel/tracing/trace', s),
  );
  if (result?.exitCode === 0) ctx.record.file('host.vectors', result.stdout);
  else ctx.record.event({ kind: 'note', text: 'the host gave no trace of its vectors' });
}

async function kernelLog(ctx: VariantContext, machine: LinuxMachine, signal: AbortSignal): Promise<true> {
  await markClock(machine, ctx.record, signal);
  const { stdout } = await machine.ssh.exec('dmesg', signal);
  ctx.record.file(`${machine.name}.dmesg`, stdout);
  return true;
}

/** Every process with its kernel stack: where a machine stands that did not get on. */
const tasks =
  `ps; for p in /proc/[0-9]*; do c=$(tr '\\0' ' ' < $p/cmdline); [ -n "$c" ] || continue; ` +
  `echo "== $p $c"; cat $p/wchan; echo; cat $p/stack; done 2>/dev/null`;

/** After a breakdown: what the host was doing. */
export async function collectTasks(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const result = await askOrGoOn(ctx.scaled(answerBudgetMs), signal, async (s) =>
    answering(ctx, 'host')?.ssh.exec(tasks, s),
  );
  if (result) ctx.record.file('host.tasks', result.stdout);
}

/** Kernel and QEMU versions as the machine itself gives them. */
export async function recordVersions(
  ctx: VariantContext,
  machine: LinuxMachine,
  signal: AbortSignal,
): Promise<void> {
  // QEMU's, where it runs guests. A big program, which takes an emulated machine a while to load.
  const runsGuests = machine.name === 'host' && ctx.plan.guests.length > 0;
  const qemuSays = runsGuests ? '; qemu-system-x86_64 --version 2>/dev/null | head -n1' : '';
  const output = await machine.must(`uname -r; uname -v${qemuSays}`, signal);
  const [kernelRelease = '', kernelVersion = '', qemu] = output.trim().split('\n');
  ctx.record.event({
    kind: 'versions',
    machine: machine.name,
    kernelRelease,
    kernelVersion,
    ...(qemu ? { qemu } : {}),
    ...(machine.name === 'host' ? { accelerator: ctx.accelerator.kind } : {}),
  });
}
