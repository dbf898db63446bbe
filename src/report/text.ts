/**
 * The end of a run in words: what someone needs first who finds a red nightly at three in the morning. The
 * verdict, then what departs from what was expected, then why, then the table, then where the evidence is.
 */
import type { Style } from './colour.ts';
import { disksTable } from './disks-text.ts';
import { counterexamples, cureTable } from './forced-race-text.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { plainLine } from './plain.ts';
import type { ResultEvidence, RunResult, VariantResult } from './result.ts';
import { slotsText } from './slots-text.ts';
import { table } from './table.ts';
import { formatMs } from './time.ts';

export interface TextOptions {
  style: Style;
  /** Chain and findings of every variant, not only of those that matter. */
  verbose: boolean;
}

export function textReport(result: RunResult, { style, verbose }: TextOptions): string {
  const lines = [headline(result, style), ''];
  const shown = verbose ? result.variants : worthTelling(result.variants);
  for (const variant of shown) lines.push(...variantReport(variant, style, verbose), '');
  if (result.variants.length > 0) lines.push(...variantTable(result.variants, style), '');
  lines.push(...raceLines(result, style));
  const disks = disksTable(result.variants, style);
  if (disks.length > 0) lines.push(...disks, '');
  lines.push(...emulatorLines(result.variants, style));
  lines.push(...footer(result, style));
  return `${lines.join('\n')}\n`;
}

/** What was forced, and what each cure is worth. */
function raceLines(result: RunResult, style: Style): string[] {
  if (!result.races) return [];
  const forced = result.variants.flatMap(({ race }) => (race ? [{ ...race.forced, model: race.model }] : []));
  const tables = result.races.flatMap((race) => {
    const lines = cureTable(race, result.variants, style);
    return lines.length > 0 ? [...lines, ''] : [];
  });
  return [...counterexamples(result, forced), ...tables];
}

const headWords: Record<Outcome, string> = {
  'as-expected': 'as expected',
  'not-as-expected': 'NOT AS EXPECTED',
  broke: 'NO ANSWER',
};

function headline(result: RunResult, style: Style): string {
  const { variants } = result;
  const name = style.bold(result.lab);
  if (result.interrupted)
    return `${name}: ${style.yellow('interrupted')}, after ${variants.length} ${variants.length === 1 ? 'variant' : 'variants'}`;
  if (variants.length === 0) return `${name}: ${style.yellow('nothing ran')}`;
  const outcomes = variants.map(outcomeOf);
  const count = (outcome: Outcome) => outcomes.filter((o) => o === outcome).length;
  const worst = (['not-as-expected', 'broke', 'as-expected'] as const).find((o) => count(o) > 0)!;
  const of = variants.length === 1 ? '' : ` (${count(worst)} of ${variants.length} variants)`;
  return `${name}: ${colour(worst, style)(headWords[worst])}${of} in ${formatMs(result.durationMs)}`;
}

/** What is not as expected; when all is, the first that shows the failure, since its chain says why. */
function worthTelling(variants: readonly VariantResult[]): VariantResult[] {
  const wrong = variants.filter((variant) => outcomeOf(variant) !== 'as-expected');
  if (wrong.length > 0) return wrong;
  return [variants.find((variant) => variant.verdict === 'reproduced') ?? variants[0]].filter(
    (v) => v !== undefined,
  );
}

function variantReport(variant: VariantResult, style: Style, verbose: boolean): string[] {
  const outcome = outcomeOf(variant);
  const head = `${name(variant)}: ${variant.verdict.toUpperCase()}, ${headWords[outcome].toLowerCase()}`;
  const lines = [colour(outcome, style)(head), `  ${plainLine(variant.reason)}`];
  for (const mismatch of variant.mismatches) lines.push(`  ${style.red('≠')} ${plainLine(mismatch)}`);
  if (variant.error) {
    const { code, message, phase, next, lastLines } = variant.error;
    lines.push(`  ${style.red(`error ${code}`)}${phase ? ` in ${phase}` : ''}: ${plainLine(message)}`);
    if (next) lines.push(`  next: ${plainLine(next)}`);
    lines.push(...lastLines.map((line) => style.dim(`    | ${plainLine(line)}`)));
  }
  if (variant.chain.length > 0) lines.push('', '  What happened:');
  for (const [i, step] of variant.chain.entries()) {
    const inferred = step.inferred ? style.dim(' (inferred)') : '';
    lines.push(`  ${String(i + 1).padStart(3)}. ${plainLine(step.text)}${inferred}`);
    lines.push(...evidenceLines(step.evidence, style, verbose));
  }
  if (verbose || outcome !== 'as-expected') {
    for (const finding of variant.findings) {
      lines.push('', `  Finding ${finding.id} (${finding.severity}): ${plainLine(finding.title)}`);
      lines.push(`    ${plainLine(finding.text)}`, `    rule: ${plainLine(finding.rule)}`);
      lines.push(...evidenceLines(finding.evidence, style, verbose));
    }
  }
  if (variant.disks) lines.push('', ...slotsText(variant.disks, { style, all: verbose }));
  lines.push('', `  Files in ${variant.folder}`);
  return lines;
}

/** The first few lines carry a step; the rest is a look into the file, or `-v`, away. */
function evidenceLines(evidence: readonly ResultEvidence[], style: Style, verbose: boolean): string[] {
  const shown = verbose ? evidence : evidence.slice(0, 3);
  const more = evidence.length - shown.length;
  return [
    ...shown.map((one) => evidenceLine(one, style)),
    ...(more > 0 ? [style.dim(`       and ${more} more ${more === 1 ? 'line' : 'lines'}`)] : []),
  ];
}

function evidenceLine({ file, line, text }: ResultEvidence, style: Style): string {
  return `       ${style.cyan(`${file}:${line}`)} ${style.dim(plainLine(text).slice(0, 160))}`;
}

function variantTable(variants: readonly VariantResult[], style: Style): string[] {
  const head = ['Variant', 'Kernel', 'Verdict', 'Remedy', 'Effect', 'As expected', 'Time'];
  const rows = variants.map((variant) => [
    name(variant),
    variant.axes.kernel ?? '',
    variant.verdict,
    variant.remedy?.id ?? '-',
    variant.remedy ? (variant.remedy.effect ?? 'unknown') : '-',
    { 'as-expected': 'yes', 'not-as-expected': 'NO', broke: 'no answer' }[outcomeOf(variant)],
    formatMs(variant.durationMs),
  ]);
  return table([head, ...rows], (cell, row, column) => {
    if (row === 0) return style.bold(cell);
    return column === 5 ? colour(outcomeOf(variants[row - 1]!), style)(cell) : cell;
  });
}

/** What the emulator spoiled: told even when the second attempt went well. */
function emulatorLines(variants: readonly VariantResult[], style: Style): string[] {
  const lines = variants.flatMap((variant) =>
    (variant.brokenByEmulator ?? []).map(
      ({ quirk, folder }) =>
        `${name(variant)}: ${style.yellow('ran again')}, the emulator broke the first attempt (quirk ${quirk}): ${folder}`,
    ),
  );
  return lines.length > 0 ? [...lines, ''] : [];
}

function footer(result: RunResult, style: Style): string[] {
  const { accelerator } = result;
  return [
    `Accelerator: ${accelerator.kind} (${plainLine(accelerator.reason)})`,
    ...accelerator.cannotShow.map((what) => style.dim(`  cannot show: ${plainLine(what)}`)),
    ...(result.seed === undefined
      ? []
      : [`Seed:        ${result.seed} (--seed ${result.seed} repeats the schedule)`]),
    `Evidence:    ${result.folder}`,
  ];
}

function name(variant: VariantResult): string {
  return variant.repetition > 1 ? `${variant.id} #${variant.repetition}` : variant.id;
}

function colour(outcome: Outcome, style: Style): (text: string) => string {
  return { 'as-expected': style.green, 'not-as-expected': style.red, broke: style.yellow }[outcome];
}
