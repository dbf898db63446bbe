/** `vflab run --dry-run`: the whole plan, every QEMU argument, action and deadline; nothing is started. */
import { exitCodes } from '../errors.ts';
import { wordsOf } from '../faults/schema.ts';
import { controlParameters, guestCommand } from '../guest/command-line.ts';
import type { Action, Plan, VariantPlan } from '../lab/plan.ts';
import { qemuArgs } from '../machine/args.ts';
import { defaultQemu } from '../machine/qemu-version.ts';
import type { MachineSpec } from '../machine/spec.ts';
import { formatMs } from '../report/time.ts';
import { quote } from '../shell.ts';
import type { CommandContext } from './context.ts';

interface MachineCommand {
  variant: string;
  machine: string;
  command: string[];
}

/** Which accelerator there is is only known once one has been seen to run a guest; TCG always works. */
const accelerator = 'tcg' as const;

export function dryRun(
  { out, err }: CommandContext,
  plans: readonly Plan[],
  options: { json: boolean },
): number {
  const commands = plans.map((plan) => plan.variants.flatMap(machineCommands));
  for (const [i, plan] of plans.entries()) {
    if (options.json)
      out.write(`${JSON.stringify({ plan, accelerator, machines: commands[i] }, undefined, 2)}\n`);
    else
      out.write(
        plan.variants.map((variant) => describe(plan, variant, commands[i]!, out.style.bold)).join('\n'),
      );
  }
  err.write(
    `Nothing was started. Names in braces are filled in at launch; a run that finds usable KVM uses it in place of ${accelerator}.\n`,
  );
  return exitCodes.asExpected;
}

/** As a run starts them, with names in braces for what only it knows. */
function machineCommands({ id, host, guests }: VariantPlan): MachineCommand[] {
  const named = (spec: MachineSpec) => ({
    ...spec,
    cmdline: [...spec.cmdline, ...controlParameters(spec, '{ssh-key}')],
  });
  const hostArgs = qemuArgs(named(host.spec), { accel: accelerator, paused: true });
  return [
    ...(host.real ? [] : [{ variant: id, machine: 'host', command: [defaultQemu, ...hostArgs] }]),
    ...guests.map(({ spec }, index) => ({
      variant: id,
      machine: spec.name,
      command: guestCommand(named(spec), index),
    })),
  ];
}

function describe(
  plan: Plan,
  variant: VariantPlan,
  commands: readonly MachineCommand[],
  bold: (text: string) => string,
): string {
  const { expect } = variant;
  const remedy = variant.remedy.id === 'none' ? '' : `; remedy ${variant.remedy.id} ${expect.remedy ?? ''}`;
  const lines = [
    bold(`${plan.lab} ${variant.id}`),
    `  expected: ${variant.failure} ${expect.verdict}${remedy}`,
  ];
  for (const { machine, command } of commands.filter((c) => c.variant === variant.id)) {
    lines.push('', `  ${machine}${machine === 'host' ? '' : ' (inside the host)'}`, ...wrapped(command));
  }
  lines.push('');
  for (const phase of variant.phases) {
    lines.push(`  ${phase.name.padEnd(16)}${phase.title}, at most ${formatMs(phase.budgetMs)}`);
    lines.push(...phase.actions.map((action) => `      ${describeAction(action, variant)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** One option with its value a line, ready to be pasted into a shell. */
function wrapped(command: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of command) {
    if (word.startsWith('-') || lines.length === 0) lines.push(quote(word));
    else lines[lines.length - 1] += ` ${quote(word)}`;
  }
  return lines.map((line, i) => `    ${i === 0 ? '' : '  '}${line}${i === lines.length - 1 ? '' : ' \\'}`);
}

function describeAction(action: Action, variant: VariantPlan): string {
  if (action.do === 'run-schedule') return describeSchedule(action, variant);
  const { do: verb, ...rest } = action;
  const words = Object.entries(rest).map(
    ([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : value}`,
  );
  const fault = 'fault' in action ? ` ${faultWords(variant, action.fault)}` : '';
  return `${[verb, ...words].join(' ')}${fault}`;
}

/** A line for each fault with its moments, and for each invariant; they run beside each other. */
function describeSchedule(action: Action & { do: 'run-schedule' }, variant: VariantPlan): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(3).replace(/\.?0+$/, '');
  const lines = [
    ...action.inOrder.map((id) => `in order  ${id} ${faultWords(variant, id)}`),
    ...action.schedule.map(({ fault, atMs, durationMs }) => {
      const long = durationMs === undefined ? '' : ` for ${seconds(durationMs)} s`;
      return `at ${atMs.map(seconds).join(', ')} s${long}  ${fault} ${faultWords(variant, fault)}`;
    }),
    ...(variant.invariants ?? []).map(
      ({ id, everyMs, withinMs }) => `every ${seconds(everyMs)} s  ${id}, within ${seconds(withinMs)} s`,
    ),
  ];
  const seed = variant.seed === undefined ? '' : ` seed=${variant.seed}`;
  return [`run-schedule${seed}`, ...lines.map((line) => `        ${line}`)].join('\n');
}

function faultWords(variant: VariantPlan, id: string): string {
  const fault = variant.faults[id]!;
  const words = wordsOf(fault);
  return `(${words.says(fault)}, by ${words.by(fault)})`;
}
