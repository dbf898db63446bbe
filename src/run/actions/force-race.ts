/** Action `force-race`: the order of the CPUs, driven on the host; where nobody is held, the same without it. */
import { stringify } from 'yaml';
import { type DriveResult, drive, type Stage, type StepEvent } from '../../director/drive.ts';
import { parseCodeSymbols } from '../../director/symbols.ts';
import { LabBrokeError } from '../../errors.ts';
import type { MatrixSnapshot } from '../../evidence/matrix-snapshot.ts';
import { Btf } from '../../introspect/btf/btf.ts';
import { parseKallsyms } from '../../introspect/kallsyms.ts';
import { findKernel, KernelMemory } from '../../introspect/kernel-memory.ts';
import { vectorLayout } from '../../introspect/layout.ts';
import { SlotReader } from '../../introspect/slot.ts';
import type { HeldCpus } from '../../machine/gdb/held-cpus.ts';
import { quoteCommand } from '../../shell.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { kallsymsOf, kernelFacts, readerOf, stubBroken, takeMatrix } from '../inspect.ts';
import { bdfOf } from './devices.ts';
import { keepsLedger, markLedger } from './ledger.ts';
import { ownerOf, racePlanOf, symbolsOfRace } from './race.ts';

/** @returns undefined where nobody was held */
export async function forceRace(ctx: VariantContext, signal: AbortSignal): Promise<DriveResult | undefined> {
  const { machine, linux } = hostOf(ctx);
  const { function: name, neighbour } = racePlanOf(ctx);
  const script = ctx.files.race;
  const stub = machine.gdb;
  if (!stub) throw new Error('the plan gives a host with a race no gdb stub');
  ctx.kernelFacts ??= await kernelFacts(linux, machine.spec.kernel, signal, symbolsOfRace(ctx));
  const facts = ctx.kernelFacts;
  ctx.matrixReader ??= readerOf(facts);
  const { snapshot } = await takeMatrix(stub, ctx.matrixReader, signal);
  const { irq, cpu, vector, action } = slotOf(snapshot, bdfOf(ctx, name));
  const other = neighbour === undefined ? undefined : slotOf(snapshot, bdfOf(ctx, neighbour));
  ctx.record.event({
    ...{ kind: 'race', title: script?.schedule.title ?? 'nobody is held', function: name, irq, cpu, vector },
    ...{ action, steps: script?.schedule.steps.length ?? 0 },
    ...(other ? { neighbour: { function: neighbour!, irq: other.irq } } : {}),
  });
  if (!script) {
    await unforced(ctx, signal);
    return undefined;
  }
  const { schedule } = script;
  ctx.record.file('race.yaml', stringify(schedule));
  const names = symbolsOfRace(ctx);
  const known = names.every((each) => facts.names.includes(each));
  const symbols = parseCodeSymbols(known ? facts.kallsyms : await kallsymsOf(linux, names, signal));
  const btf = new Btf(facts.btf);
  const layout = vectorLayout(btf, parseKallsyms(facts.kallsyms));
  const numbers = { irq, cpu, vector, ...(other ? { neighbourIrq: other.irq } : {}) };
  const values = new Map(Object.entries(numbers).map(([id, value]) => [id, BigInt(value)]));
  if (neighbour !== undefined) await ownerOf(ctx, neighbour).ask('switch-next', signal);
  const deeds = await deedsOf(ctx, signal);
  if (keepsLedger(ctx)) await markLedger(linux, signal);
  const result = await stub
    .hold(async (cpus) => {
      const memory = new KernelMemory(cpus, await findKernel(cpus, layout.symbols));
      const reader = new SlotReader(memory, layout.symbols, { cpu, vector });
      const before = await reader.read();
      return await drive(
        {
          ...{ cpus, memory, values, code: { symbols, btf }, scaled: ctx.scaled },
          actions: deeds.on(cpus),
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
  // The machine's clock stood still, now and then: marks on both sides tie it anew.
  if (keepsLedger(ctx)) await markLedger(linux, signal);
  if (result.astray) await recordAstray(ctx, result.astray, signal);
  await deeds.settle();
  return result;
}

/** The slot of a function's vector 0. */
function slotOf({ cpus }: MatrixSnapshot, bdf: string) {
  const action = `vfio-msix[0](${bdf})`;
  for (const { cpu, slots = [] } of cpus)
    for (const slot of slots)
      if (slot.holds === 'irq' && slot.actions.includes(action))
        return { irq: slot.irq, vector: slot.vector, cpu, action };
  throw new LabBrokeError(`no slot of vector_irq[] leads to ${action}`, { code: 'FUNCTION_MISSING' });
}

async function unforced(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const { function: name, neighbour } = racePlanOf(ctx);
  const owner = ownerOf(ctx, name);
  await owner.ask('raise', signal);
  if (neighbour === undefined) await owner.ask('switch', signal);
  else {
    await owner.ask('close', signal);
    await ownerOf(ctx, neighbour).ask('switch', signal);
  }
}

/** EICS of the Intel 82576 (datasheet, "Extended Interrupt Cause Set"). */
const extendedInterruptCauseSet = 0x1520;

/** What a schedule may do from outside. */
async function deedsOf(ctx: VariantContext, signal: AbortSignal) {
  const { function: name, neighbour } = racePlanOf(ctx);
  const bars = new Map<string, number>();
  for (const each of [name, neighbour].filter((id) => id !== undefined)) {
    const line = `head -n1 /sys/bus/pci/devices/${bdfOf(ctx, each)}/resource`;
    bars.set(each, Number.parseInt(await hostOf(ctx).linux.must(line, signal), 16));
  }
  const raised = new Map<string, number>();
  const raise = async (cpus: HeldCpus, which: string) => {
    await cpus.writePhysical(bars.get(which)! + extendedInterruptCauseSet, Uint8Array.of(1, 0, 0, 0));
    raised.set(which, (raised.get(which) ?? 0) + 1);
    return `${which} raises the cause of its vector 0`;
  };
  let asked = false;
  let closed = false;
  const begun = { switch: 'VFIO_DEVICE_SET_IRQS was asked for', close: 'its owner gives it back to VFIO' };
  const tell = (command: keyof typeof begun) => async () => {
    ownerOf(ctx, name).tell(command);
    asked = true;
    return begun[command];
  };
  return {
    on: (cpus: HeldCpus): Stage['actions'] => ({
      raise: () => raise(cpus, name),
      ...(neighbour === undefined
        ? { switch: tell('switch') }
        : {
            close: async () => {
              closed = true;
              return await tell('close')();
            },
            'raise-neighbour': () => raise(cpus, neighbour),
            // Its owner waits for the next one: nothing has to reach the machine while CPUs are held.
            'switch-neighbour': async () =>
              `${await raise(cpus, neighbour)}; its owner then switches the trigger`,
          }),
    }),
    /** When all CPUs run again: what was begun is ended, what was raised is told to whoever waits for it. */
    settle: async () => {
      // A call may not have begun in a schedule that ended early; then it does now.
      if (asked) await ownerOf(ctx, name).answer(signal);
      for (const [which, times] of raised)
        for (let i = 0; i < times && !(closed && which === name); i += 1)
          await ownerOf(ctx, which).ask('noted', signal);
    },
  };
}

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
