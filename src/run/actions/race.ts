/** Actions of a lab that forces a race: its interrupts' owners, and the interrupts that they raise. */
import { idleEntries } from '../../director/drive.ts';
import { symbolsOf } from '../../director/schedule.ts';
import { LabBrokeError } from '../../errors.ts';
import type { Moment } from '../../lab/plan.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { FunctionOwner, type InterruptCounts, outstanding } from '../function-owner.ts';
import { bdfOf } from './devices.ts';

/** The CPU that the vectors are on. The owner runs on CPU0, the neighbour's on CPU2. */
const target = 1;
const ownersCpu = { function: 0, neighbour: 2 } as const;
const raises = 3;

export async function ownFunction(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const { linux } = hostOf(ctx);
  const plan = racePlanOf(ctx);
  await linux.must(`echo ${(1 << target).toString(16)} > /proc/irq/default_smp_affinity`, signal);
  // In this order: the neighbour's vector is the higher one.
  for (const role of ['function', 'neighbour'] as const) {
    const name = plan[role];
    if (name === undefined) continue;
    const owner = await FunctionOwner.start(linux, bdfOf(ctx, name), ownersCpu[role], signal);
    ctx.cleanup.defer(() => owner.close());
    ctx.functionOwners.set(name, owner);
  }
}

export async function raiseInterrupts(
  ctx: VariantContext,
  moment: Moment,
  signal: AbortSignal,
): Promise<InterruptCounts> {
  const { function: name, neighbour } = racePlanOf(ctx);
  // One whose device was given back has none any more.
  if (neighbour !== undefined && moment !== 'end') await raiseOf(ctx, name, moment, signal);
  return await raiseOf(ctx, neighbour ?? name, moment, signal);
}

async function raiseOf(
  ctx: VariantContext,
  name: string,
  moment: Moment,
  signal: AbortSignal,
): Promise<InterruptCounts> {
  const owner = ownerOf(ctx, name);
  const t0 = ctx.record.now();
  let counts = await owner.ask('timeout', signal);
  for (let i = 0; i < raises; i += 1) {
    await owner.ask('raise', signal);
    counts = await settle(owner, signal);
    if (outstanding(counts) > 0 && i < raises - 1) counts = await owner.ask('timeout', signal);
  }
  note(ctx, name, moment, counts, t0);
  return counts;
}

export async function awaitInterrupt(ctx: VariantContext, signal: AbortSignal): Promise<InterruptCounts> {
  const t0 = ctx.record.now();
  const name = racedOf(ctx);
  const counts = await settle(ownerOf(ctx, name), signal);
  note(ctx, name, 'after-fault', counts, t0);
  return counts;
}

export async function injectInterrupt(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const t0 = ctx.record.now();
  const name = racedOf(ctx);
  const step = { kind: 'remedy', step: 'inject-interrupt', machine: 'host' } as const;
  ctx.record.event({ ...step, state: 'begin', detail: name });
  const counts = await ownerOf(ctx, name).ask('inject', signal);
  ctx.record.event({ ...step, state: 'end', detail: name });
  note(ctx, name, 'after-remedy', counts, t0);
}

/** No time is waited: what the CPU has not taken when it comes to a program, it never takes. */
async function settle(owner: FunctionOwner, signal: AbortSignal): Promise<InterruptCounts> {
  return await owner.ask(`settle ${target}`, signal);
}

function note(ctx: VariantContext, name: string, moment: Moment, counts: InterruptCounts, t0: number): void {
  ctx.record.event({ kind: 'interrupts', function: name, moment, ...counts, t0 });
}

export function racePlanOf(ctx: VariantContext) {
  const { race } = ctx.plan;
  if (!race) throw new Error('an action of a race in a plan without one');
  return race;
}

/** What has to be known of the kernel for the order to be driven; where the CPUs idle is the director's own business. */
export function symbolsOfRace({ files: { race } }: VariantContext): string[] {
  return race ? [...symbolsOf(race.schedule), ...idleEntries] : [];
}

/** Whose interrupts the race is about. */
function racedOf(ctx: VariantContext): string {
  const { function: name, neighbour } = racePlanOf(ctx);
  return neighbour ?? name;
}

export function ownerOf(ctx: VariantContext, name: string): FunctionOwner {
  const owner = ctx.functionOwners.get(name);
  if (owner) return owner;
  throw new LabBrokeError(`nobody owns ${name} yet: the plan lacks \`own-function\``, { code: 'PLAN_ORDER' });
}
