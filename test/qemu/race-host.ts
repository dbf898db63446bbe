/** One host whose interrupt is raced, round after round: each begins with a fresh slot and an interrupt that works. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forceRace } from '../../src/run/actions/force-race.ts';
import { awaitInterrupt, raiseInterrupts } from '../../src/run/actions/race.ts';
import type { VariantContext } from '../../src/run/context.ts';
import { outstanding } from '../../src/run/function-owner.ts';
import type { RaceScript } from '../../src/run/race-script.ts';
import { onHost } from './on-host.ts';

export const labFile = join(import.meta.dirname, '../../labs/lost-interrupt-race.yaml');

export interface RaceHost {
  kernel: string;
  /** Boots the compressed kernel, which puts itself at a random address. */
  randomAddress?: boolean;
}

export interface Round {
  /** Every step came about; undefined where nobody was held. */
  forced: boolean | undefined;
  astray?: { text: string; stands: readonly { cpu: string; rip: string }[] };
  /** Interrupts of the race that never came, 0 or 1. */
  lost: number;
  /** Of three raised after it. */
  handledAfter: number;
  /** `No irq handler for vector` that the kernel said in this round. */
  messages: number;
}

/** Boots it, does `work`, takes it down. */
export async function onRaceHost(
  { kernel, randomAddress = false }: RaceHost,
  work: (round: (script: RaceScript | undefined) => Promise<Round>, ctx: VariantContext) => Promise<void>,
): Promise<void> {
  const lab = await readFile(labFile, 'utf8');
  const selection = { kernel: [kernel], variant: ['unforced'] };
  await onHost({ lab, file: labFile, selection, phases: 3, randomAddress }, (ctx, signal) =>
    work((script) => playRound(ctx, script, signal), ctx),
  );
}

async function playRound(
  ctx: VariantContext,
  script: RaceScript | undefined,
  signal: AbortSignal,
): Promise<Round> {
  const owner = ctx.functionOwners.get('nic0')!;
  // What the round before did is undone: requested again, the interrupt has a slot.
  await owner.ask('timeout', signal);
  await owner.ask('switch', signal);
  const fresh = await raiseInterrupts(ctx, 'before-fault', signal);
  if (outstanding(fresh) > 0) throw new Error('the interrupt does not work before the race');
  const said = await messages(ctx, signal);
  if (script) ctx.files.race = script;
  else delete ctx.files.race;
  const result = await forceRace(ctx, signal);
  const after = await awaitInterrupt(ctx, signal);
  const end = await raiseInterrupts(ctx, 'end', signal);
  const astray = result?.astray;
  return {
    forced: result?.done,
    ...(astray ? { astray: { text: astray.text, stands: astray.stands ?? [] } } : {}),
    lost: outstanding(after),
    handledAfter: end.handled - after.handled,
    messages: (await messages(ctx, signal)) - said,
  };
}

async function messages({ host }: VariantContext, signal: AbortSignal): Promise<number> {
  const { stdout } = await host!.linux.ssh.exec("dmesg | grep -c 'No irq handler for vector'; true", signal);
  return Number(stdout.trim());
}
