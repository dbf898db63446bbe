/** Two runs of one lab side by side: which variants end otherwise, say, with a patched kernel. Pure. */
import { outcomeOf } from './outcome.ts';
import type { RunResult, VariantResult, Verdict } from './result.ts';

/** How one variant ended in one run, over all its repetitions. */
export interface Ended {
  /** Verdict → how often; of repetitions that gave an answer. */
  verdicts: Partial<Record<Verdict, number>>;
  /** What the remedy did, each once. */
  effects: string[];
  /** Ids, each once, sorted. */
  findings: string[];
  /** Of the first repetition. */
  reason: string;
  /** Some repetition broke or could not tell. */
  noAnswer: boolean;
}

export interface ComparedVariant {
  /** The axes that both have, without those that tell the runs apart: `hang`. */
  name: string;
  /** Absent: that run has no such variant. */
  before?: Ended;
  after?: Ended;
  /** `same`: the same verdicts, effects and findings were seen. */
  answer: 'same' | 'differs' | 'no-answer' | 'only-one';
  findingsGone: string[];
  findingsNew: string[];
}

export interface Comparison {
  lab: string;
  variants: ComparedVariant[];
  /** What else was not the same: kernels, QEMU, images, the accelerator. */
  versions: { name: string; before?: string; after?: string }[];
}

/** Axes of which a run with other values is what one compares with. */
const kernelAxes = ['kernel', 'guestKernel'];

/** @returns undefined where one variant has several partners: a run of several kernels beside one of others */
export function compareRuns(before: RunResult, after: RunResult): Comparison | undefined {
  const isSame = kernelAxes.every((axis) => values(before, axis) === values(after, axis));
  const ignored = isSame ? [] : kernelAxes;
  const [left, right] = [before, after].map(({ variants }) => grouped(variants, ignored));
  if (!left || !right) return undefined;
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return {
    lab: after.lab,
    variants: names.map((name) => compared(name, left.get(name), right.get(name))),
    versions: differing(before, after),
  };
}

function values({ variants }: RunResult, axis: string): string {
  return [...new Set(variants.map(({ axes }) => axes[axis] ?? ''))].sort().join(' ');
}

function grouped(
  variants: readonly VariantResult[],
  ignored: readonly string[],
): Map<string, Ended> | undefined {
  const groups = Map.groupBy(variants, ({ axes }) =>
    Object.entries(axes)
      .filter(([axis]) => !ignored.includes(axis))
      .map(([, value]) => value)
      .join('+'),
  );
  for (const group of groups.values()) if (new Set(group.map(({ id }) => id)).size > 1) return undefined;
  return new Map([...groups].map(([name, group]) => [name, ended(group)]));
}

function ended(group: readonly VariantResult[]): Ended {
  const answers = group.filter((variant) => outcomeOf(variant) !== 'broke');
  const verdicts: Ended['verdicts'] = {};
  for (const { verdict } of answers) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return {
    verdicts,
    effects: once(answers.flatMap(({ remedy }) => remedy?.effect ?? [])),
    findings: once(answers.flatMap(({ findings }) => findings.map(({ id }) => id))),
    reason: group[0]!.reason,
    noAnswer: answers.length < group.length,
  };
}

/** A verdict that comes now and then is no difference while both runs have it: only what was never seen there is. */
function compared(name: string, before: Ended | undefined, after: Ended | undefined): ComparedVariant {
  const gone = (from: readonly string[] = [], to: readonly string[] = []) =>
    from.filter((one) => !to.includes(one));
  const variant = {
    name,
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
    findingsGone: before && after ? gone(before.findings, after.findings) : [],
    findingsNew: before && after ? gone(after.findings, before.findings) : [],
  };
  if (!before || !after) return { ...variant, answer: 'only-one' };
  const told = ({ verdicts, effects, findings }: Ended) =>
    JSON.stringify([Object.keys(verdicts).sort(), effects, findings]);
  if (told(before) === told(after))
    return { ...variant, answer: before.noAnswer || after.noAnswer ? 'no-answer' : 'same' };
  // Where one side has no answer at all, nothing is known of a difference.
  const silent = [before, after].some(({ verdicts }) => Object.keys(verdicts).length === 0);
  return { ...variant, answer: silent ? 'no-answer' : 'differs' };
}

function differing(before: RunResult, after: RunResult): Comparison['versions'] {
  const of = ({ versions, accelerator }: RunResult): Record<string, string> => ({
    ...versions,
    accelerator: accelerator.kind,
  });
  const [left, right] = [of(before), of(after)];
  return once([...Object.keys(left), ...Object.keys(right)]).flatMap((name) => {
    const [a, b] = [left[name], right[name]];
    return a === b
      ? []
      : [{ name, ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) }];
  });
}

function once(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
