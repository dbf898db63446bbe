/** What a refusal to share a line means: who wants it alone, and by which of genirq's rules. */
import { flagNames, irqf } from '../genirq/flags.ts';
import { type Unshareable, unshareable } from '../genirq/sharing.ts';
import { vfioOwner } from '../vfio/triggers.ts';

/** The four words of `Flags mismatch irq N. NEW (name) vs. OLD (name)`. */
export interface Mismatch {
  newName: string;
  newFlags: number;
  oldName: string;
  oldFlags: number;
}

export interface Refusal {
  /** Those of the two that do not say IRQF_SHARED: newcomer first. */
  alone: string[];
  /** The rule that keeps them apart; undefined: by genirq's rules they would share. */
  why: Unshareable | undefined;
}

export function refusal({ newName, newFlags, oldName, oldFlags }: Mismatch): Refusal {
  return {
    alone: [
      ...((newFlags & irqf.SHARED) === 0 ? [whoOf(newName)] : []),
      ...((oldFlags & irqf.SHARED) === 0 ? [whoOf(oldName)] : []),
    ],
    why: unshareable(oldFlags, newFlags),
  };
}

/** `0000:01:00.0` for `vfio-intx(0000:01:00.0)`, any other name as it is. */
export function whoOf(action: string): string {
  return vfioOwner(action)?.bdf ?? action;
}

/** `each wants it alone`, `0000:01:00.0 wants it alone`, … */
export function aloneText({ alone }: Refusal): string {
  if (alone.length === 2) return 'each wants it alone';
  return alone.length === 1 ? `${alone[0]} wants it alone` : 'their kinds of interrupt differ';
}

const reasons: Record<Unshareable, string> = {
  'not-shared': 'A line is shared only if both users say IRQF_SHARED',
  trigger: 'Both must want the same trigger (edge or level, high or low)',
  oneshot: 'Both must be one-shot, or neither',
  percpu: 'Both must be per-CPU, or neither',
};

/** The rule and what met it, one sentence. */
export function whyText({ newFlags, oldFlags }: Mismatch, { why }: Refusal): string {
  if (why === undefined) return 'By genirq’s rules these two words of flags would share.';
  return `${reasons[why]}; here ${flagsText(newFlags)} meets ${flagsText(oldFlags)}.`;
}

/** COND_ONESHOT says only that the request came by request_irq(): alone it is as good as no flag. */
export function flagsText(flags: number): string {
  return (flags & ~irqf.COND_ONESHOT) === 0 ? 'no flags (alone)' : flagNames(flags);
}
