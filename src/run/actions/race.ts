/** Actions of a lab that forces a race: its interrupt's owner, the interrupts that it raises, and the race itself. */
import { stringify } from 'yaml';
import { type DriveResult, drive, type StepEvent } from '../../director/drive.ts';
import { symbolsOf } from '../../director/schedule.ts';
import { parseCodeSymbols } from '../../director/symbols.ts';
import { LabBrokeError } from '../../errors.ts';
import { Btf } from '../../introspect/btf/btf.ts';
import { parseKallsyms } from '../../introspect/kallsyms.ts';
import { findKernel, KernelMemory } from '../../introspect/kernel-memory.ts';
import { vectorLayout } from '../../introspect/layout.ts';
import { SlotReader } from '../../introspect/slot.ts';
import type { Moment } from '../../lab/plan.ts';
import { quoteCommand } from '../../shell.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { FunctionOwner, type InterruptCounts, outstanding } from '../function-owner.ts';
import { kernelFacts, readerOf, stubBroken, takeMatrix } from '../inspect.ts';
import { bdfOf } from './devices.ts';

/** The CPU that the vector is on; the owner runs on CPU0. */
const target = 1;
/** An interrupt that works is handled in a millisecond. */
const handledWithinMs = 500;
const raises = 3;

export async function ownFunction(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const { linux } = hostOf(ctx);
  const { function: name } = racePlanOf(ctx);
  await linux.must(`echo ${(1 << target).toString(16)} > /proc/irq/default_smp_affinity`, signal);
  const owner = await FunctionOwner.start(linux, bdfOf(ctx, name), signal);
  ctx.cleanup.defer(() => owner.close());
  ctx.functionOwner = owner;
}

export async function raiseInterrupts(
  ctx: VariantContext,
  moment: Moment,
  signal: AbortSignal,
): Promise<InterruptCounts> {
  const owner = ownerOf(ctx);
  const t0 = ctx.record.now();
  let counts = await owner.ask('timeout', signal);
  for (let i = 0; i < raises; i += 1) {
    await owner.ask('raise', signal);
    counts = await wait(ctx, signal);
    if (outstanding(counts) > 0 && i < raises - 1) counts = await owner.ask('timeout', signal);
  }
  note(ctx, moment, counts, t0);
  return counts;
}

export async function awaitInterrupt(ctx: VariantContext, signal: AbortSignal): Promise<InterruptCounts> {
  const t0 = ctx.record.now();
  const counts = await wait(ctx, signal);
  note(ctx, 'after-fault', counts, t0);
  return counts;
}

export async function injectInterrupt(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const t0 = ctx.record.now();
  const step = { kind: 'remedy', step: 'inject-interrupt', machine: 'host' } as const;
  ctx.record.event({ ...step, state: 'begin', detail: racePlanOf(ctx).function });
  const counts = await ownerOf(ctx).ask('inject', signal);
  ctx.record.event({ ...step, state: 'end', detail: racePlanOf(ctx).function });
  note(ctx, 'after-remedy', counts, t0);
}

async function wait(ctx: VariantContext, signal: AbortSignal): Promise<InterruptCounts> {
  return await ownerOf(ctx).ask(`wait ${Math.round(ctx.scaled(handledWithinMs))}`, signal);
}

function note(ctx: VariantContext, moment: Moment, counts: InterruptCounts, t0: number): void {
  ctx.record.event({ kind: 'interrupts', function: racePlanOf(ctx).function, moment, ...counts, t0 });
}

/** @returns undefined where nobody was held */
export async function forceRace(ctx: VariantContext, signal: AbortSignal): Promise<DriveResult | undefined> {
  const { machine, linux } = hostOf(ctx);
  const { function: name } = racePlanOf(ctx);
  const owner = ownerOf(ctx);
  const script = ctx.files.race;
  const stub = machine.gdb;
  if (!stub) throw new Error('the plan gives a host with a race no gdb stub');
  ctx.kernelFacts ??= await kernelFacts(linux, machine.spec.kernel, signal);
  const facts = ctx.kernelFacts;
  ctx.matrixReader ??= readerOf(facts);
  const { snapshot } = await takeMatrix(stub, ctx.matrixReader, signal);
  const bdf = bdfOf(ctx, name);
  const slots = snapshot.cpus.flatMap(({ cpu, slots = [] }) =>
    slots.flatMap((slot) => (slot.holds === 'irq' ? [{ ...slot, cpu }] : [])),
  );
  const action = `vfio-msix[0](${bdf})`;
  const slot = slots.find(({ actions }) => actions.includes(action));
  if (!slot)
    throw new LabBrokeError(`no slot of vector_irq[] leads to ${action}`, { code: 'FUNCTION_MISSING' });
  const { irq, cpu, vector } = slot;
  const title = script?.schedule.title ?? 'nobody is held';
  const steps = script?.schedule.steps.length ?? 0;
  ctx.record.event({ kind: 'race', title, function: name, irq, cpu, vector, action, steps });
  if (!script) {
    await owner.ask('raise', signal);
    await owner.ask('switch', signal);
    return undefined;
  }
  const { schedule } = script;
  ctx.record.file('race.yaml', stringify(schedule));
  // The search is done there, as in kernelFacts(). The line behind a function's says where it ends.
  const names = [...symbolsOf(schedule), 'default_idle_call', 'cpuidle_enter'];
  const patterns = quoteCommand(names.flatMap((each) => ['-e', each]));
  const symbols = parseCodeSymbols(await linux.must(`grep -F -w -A1 ${patterns} /proc/kallsyms`, signal));
  const bar = Number.parseInt(await linux.must(`head -n1 /sys/bus/pci/devices/${bdf}/resource`, signal), 16);
  const btf = new Btf(facts.btf);
  const known = parseKallsyms(facts.kallsyms);
  const layout = vectorLayout(btf, known);
  const values = new Map(Object.entries({ irq, cpu, vector }).map(([id, value]) => [id, BigInt(value)]));
  let raised = 0;
  const result = await stub
    .hold(async (cpus) => {
      const memory = new KernelMemory(cpus, await findKernel(cpus, layout.symbols));
      const reader = new SlotReader(memory, layout.symbols, { cpu, vector });
      const before = await reader.read();
      return await drive(
        {
          ...{ cpus, memory, values, code: { symbols, btf }, scaled: ctx.scaled },
          actions: {
            switch: async () => {
              owner.tell('switch');
              return 'VFIO_DEVICE_SET_IRQS was asked for';
            },
            raise: async () => {
              await cpus.writePhysical(bar + extendedInterruptCauseSet, Uint8Array.of(1, 0, 0, 0));
              raised += 1;
              return `${name} raises the cause of its vector 0`;
            },
          },
          looks: {
            slot: async () => {
              const now = await reader.read();
              if (now.holds !== 'descriptor' || now.pointer === before.pointer) return now.holds;
              return 'another descriptor';
            },
          },
          record: (event) => {
            if (event.done) ctx.record.event({ kind: 'race-step', ...event });
          },
        },
        schedule,
      );
    }, signal)
    .catch(stubBroken);
  if (result.astray) await recordAstray(ctx, result.astray, signal);
  // The call may not have begun in a schedule that ended early; then it does now.
  await owner.answer(signal);
  for (; raised > 0; raised -= 1) await owner.ask('noted', signal);
  return result;
}

/** EICS of the Intel 82576 (datasheet, "Extended Interrupt Cause Set"). */
const extendedInterruptCauseSet = 0x1520;

/** Where each CPU stood is told by names, which only the machine itself has all of. */
async function recordAstray(ctx: VariantContext, event: StepEvent, signal: AbortSignal): Promise<void> {
  const stands = [];
  for (const { cpu, rip } of event.stands ?? []) {
    // Addresses have one length, so they are in order as texts; a module's symbols are in no order.
    const script = `$1 <= a && $1 > b { b = $1; n = $3 " " $4 } END { print n }`;
    const words = quoteCommand(['awk', '-v', `a=${rip.slice(2)}`, script, '/proc/kallsyms']);
    const { stdout, exitCode } = await hostOf(ctx).linux.ssh.exec(words, signal);
    stands.push({ cpu, rip: exitCode === 0 ? `${rip} (${stdout.trim()})` : rip });
  }
  ctx.record.event({ kind: 'race-step', ...event, ...(stands.length > 0 ? { stands } : {}) });
}

function racePlanOf(ctx: VariantContext) {
  const { race } = ctx.plan;
  if (!race) throw new Error('an action of a race in a plan without one');
  return race;
}

function ownerOf(ctx: VariantContext): FunctionOwner {
  if (ctx.functionOwner) return ctx.functionOwner;
  throw new LabBrokeError('nobody owns the function yet: the plan lacks `own-function`', {
    code: 'PLAN_ORDER',
  });
}
