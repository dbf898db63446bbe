/** Actions `inject` and `heal`: each fault shown to have taken effect, and shown to be gone. */
import type { AerRegisters } from '../../evidence/record.ts';
import { heal } from '../../faults/aer/heal.ts';
import { arm, type Injection, injectByKernel, injectByQemu } from '../../faults/aer/inject.ts';
import { proveHealed, proveInjected } from '../../faults/aer/prove.ts';
import { type AerTarget, readRegisters } from '../../faults/aer/registers.ts';
import { readTrace, traceRecovery } from '../../faults/aer/trace.ts';
import { markClock } from '../../guest/clock.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { waitOrGoOn } from '../wait.ts';
import { bdfOf } from './devices.ts';

/** How long the kernel may take to handle an error, at reference speed; a fatal one waits for a dead link. */
const handledBudgetMs = 15_000;

export async function injectFault(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const fault = ctx.plan.faults[id]!;
  const { linux, machine } = hostOf(ctx);
  const target = aerTarget(ctx, fault.target);
  const found = ctx.functions.get(fault.target);
  const injection: Injection = {
    fault,
    bdf: target.bdf,
    ports: portsAbove(ctx, fault.target),
    ...(found?.isVf === false ? { qdevId: fault.target } : {}),
  };
  const drivers = [...ctx.functions.values()].flatMap((f) => f.driver ?? []);
  await traceRecovery(linux, drivers, signal);
  await arm(linux, injection, signal);
  const before = await readRegisters(linux, target, signal);
  ctx.registersBefore.set(id, before);
  ctx.record.event({ kind: 'registers', fault: id, stage: 'before', registers: before });

  const marker = await markClock(linux, ctx.record, signal);
  const mark = machine.serial.mark();
  const t0 = ctx.record.now();
  const output =
    fault.via === 'kernel'
      ? await injectByKernel(linux, injection, signal)
      : await injectByQemu((command) => machine.qmp.humanMonitor(command, signal), injection);
  ctx.record.event({ kind: 'injected', fault: id, via: fault.via, t0, output });

  // A correctable error ends with its report; any other one with the recovery's last line.
  const done =
    fault.severity === 'correctable'
      ? /PCIe Bus Error: severity=Correct|AER: Correct/
      : /AER: [Dd]evice recovery (successful|failed)/;
  await waitOrGoOn(ctx.scaled(handledBudgetMs), signal, (s) =>
    machine.serial.waitForLine(done, { from: mark, signal: s }),
  );

  ctx.record.file('host.trace', await readTrace(linux, signal));
  const after = await readRegisters(linux, target, signal);
  ctx.record.event({ kind: 'registers', fault: id, stage: 'after', registers: after });
  const log = await linux.must('dmesg', signal);
  const since = log.slice(Math.max(0, log.indexOf(marker))).split('\n');
  ctx.record.event({
    kind: 'proof',
    fault: id,
    stage: 'injected',
    ...proveInjected(fault, before, after, since),
  });
}

export async function healFault(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const fault = ctx.plan.faults[id]!;
  const before = ctx.registersBefore.get(id);
  if (!before) return;
  const registers: AerRegisters = await heal(hostOf(ctx).linux, aerTarget(ctx, fault.target), before, signal);
  ctx.record.event({ kind: 'registers', fault: id, stage: 'healed', registers });
  ctx.record.event({ kind: 'proof', fault: id, stage: 'healed', ...proveHealed(registers) });
}

function aerTarget(ctx: VariantContext, name: string): AerTarget {
  const bdf = bdfOf(ctx, name);
  const parent = ctx.functions.get(name)?.parent;
  // Errors are collected by the root port: the first step of the path, whatever switches lie between.
  const device = ctx.plan.devices.find((d) => name === d.id || d.vfs.some((vf) => vf.name === name));
  const rootBdf = device ? `0000:${device.path.split('/')[0]}` : parent;
  return { bdf, ...(rootBdf ? { rootBdf } : {}) };
}

/** Every port between a function and its root port, nearest first; for a port itself, the ones above it. */
function portsAbove(ctx: VariantContext, name: string): string[] {
  const bdf = ctx.functions.get(name)?.bdf;
  const path = ctx.sysfs.find((f) => f.bdf === bdf)?.path ?? [];
  return path.slice(0, -1).reverse();
}
