/**
 * Asks a guest's three witnesses whether it lives: SSH (its network and user space), its serial console (its
 * kernel and one process), and QMP (what QEMU itself says). They fail separately, so they are asked separately.
 */
import type { Moment } from '../../lab/plan.ts';
import type { VariantContext } from '../context.ts';
import { askOrGoOn } from '../wait.ts';

interface Answer {
  alive: boolean;
  answer: string;
}

/** A guest that lives answers in well under a second; a nested one under TCG in about one. */
const answerBudgetMs = 3_000;

export async function observeGuest(
  ctx: VariantContext,
  id: string,
  moment: Moment,
  signal: AbortSignal,
): Promise<void> {
  // It did not start, and `guest-start` says so.
  if (!ctx.guests.has(id)) return;
  // A stop may fall between two questions. Then the answers disagree, and all are asked once more.
  for (let round = 1; ; round += 1) {
    const answers = await askAll(ctx, id, moment, signal);
    const agree = answers.every((a) => a.alive === answers[0]!.alive);
    ctx.guests.get(id)!.alive = answers.some((a) => a.alive);
    if (agree || round === 2) return;
  }
}

async function askAll(
  ctx: VariantContext,
  id: string,
  moment: Moment,
  signal: AbortSignal,
): Promise<Answer[]> {
  const budgetMs = ctx.scaled(answerBudgetMs);
  const ask = async (witness: 'ssh' | 'serial' | 'qmp', question: (s: AbortSignal) => Promise<Answer>) => {
    const t0 = ctx.record.now();
    const silent: Answer = { alive: false, answer: `no answer within ${(budgetMs / 1000).toFixed(1)} s` };
    const answer = (await askOrGoOn(budgetMs, signal, question)) ?? silent;
    ctx.record.event({ kind: 'witness', machine: id, witness, moment, ...answer, t0 });
    return answer;
  };
  return await Promise.all([
    ask('qmp', (s) => askQmp(ctx, id, s)),
    ask('serial', (s) => askSerial(ctx, id, s)),
    ask('ssh', (s) => askSsh(ctx, id, s)),
  ]);
}

export async function askQmp(ctx: VariantContext, id: string, signal: AbortSignal): Promise<Answer> {
  const { running, status } = await ctx.guests.get(id)!.qmp.execute('query-status', undefined, signal);
  return { alive: running, answer: `run state ${status}` };
}

async function askSerial(ctx: VariantContext, id: string, signal: AbortSignal): Promise<Answer> {
  const guest = ctx.guests.get(id)!;
  const nonce = `${ctx.nextNonce()}`;
  const mark = guest.serial.mark();
  guest.serial.write(`ping ${nonce}\n`);
  const line = await guest.serial.waitForLine(new RegExp(`vflab-pong ${nonce}\\b`), { from: mark, signal });
  return { alive: true, answer: line.text.trim() };
}

export async function askSsh(ctx: VariantContext, id: string, signal: AbortSignal): Promise<Answer> {
  const { linux } = ctx.guests.get(id)!;
  if (!linux || linux.ssh.isLost) {
    const why = linux ? (await linux.ssh.lost).message : 'never connected';
    return { alive: false, answer: `connection lost: ${why}` };
  }
  const nonce = `vflab-alive ${ctx.nextNonce()}`;
  const { stdout } = await linux.ssh.exec(`echo ${nonce}`, signal);
  return { alive: stdout.trim() === nonce, answer: stdout.trim() || 'the connection broke' };
}
