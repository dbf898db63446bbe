/** What `vflab compare` prints: what differs first, and why. */
import type { Style } from './colour.ts';
import type { ComparedVariant, Comparison, Ended } from './compare.ts';
import { plainLine } from './plain.ts';
import { table } from './table.ts';

const words = { same: 'same', differs: 'DIFFERS', 'no-answer': 'no answer', 'only-one': 'in one only' };

export function compareText(
  { lab, variants, versions }: Comparison,
  [before, after]: readonly [string, string],
  style: Style,
): string {
  const differs = variants.filter(({ answer }) => answer === 'differs');
  const colours = {
    same: style.green,
    differs: style.red,
    'no-answer': style.yellow,
    'only-one': style.yellow,
  };
  const inBoth = variants.filter(({ answer }) => answer !== 'only-one');
  const head =
    inBoth.length === 0
      ? style.yellow('no variant is in both')
      : differs.length > 0
        ? style.red(
            `${differs.length} of ${inBoth.length} ${inBoth.length === 1 ? 'variant' : 'variants'} ${differs.length === 1 ? 'differs' : 'differ'}`,
          )
        : inBoth.every(({ answer }) => answer === 'same')
          ? style.green('nothing differs')
          : style.yellow('nothing is seen to differ, and not everything can be told');
  const rows = variants.map((one) => [one.name, endText(one.before), endText(one.after), words[one.answer]]);
  return `${[
    `${style.bold(lab)}: ${head}`,
    `  before: ${plainLine(before)}`,
    `  after:  ${plainLine(after)}`,
    '',
    ...table([['Variant', 'Before', 'After', ''], ...rows], (cell, row, column) => {
      if (row === 0) return style.bold(cell);
      return column === 3 ? colours[variants[row - 1]!.answer](cell) : cell;
    }),
    ...differs.flatMap((one) => ['', ...variantLines(one, style)]),
    ...(versions.length > 0 ? ['', style.bold('Not the same in both')] : []),
    ...table(
      versions.map(({ name, before: a = '-', after: b = '-' }) => [
        `  ${plainLine(name)}`,
        plainLine(a).slice(0, 60),
        plainLine(b).slice(0, 60),
      ]),
    ),
  ].join('\n')}\n`;
}

/** `reproduced, cured`; of several repetitions that disagree `reproduced 3, clean 2`. */
function endText(end: Ended | undefined): string {
  if (!end) return '-';
  const seen = Object.entries(end.verdicts);
  const verdicts =
    seen.length > 1 ? seen.map(([verdict, n]) => `${verdict} ${n}`) : seen.map(([verdict]) => verdict);
  return [...verdicts, ...end.effects].join(', ') || 'inconclusive';
}

function variantLines(
  { name, before, after, findingsGone, findingsNew }: ComparedVariant,
  style: Style,
): string[] {
  const findings = (title: string, ids: readonly string[]) =>
    ids.length > 0 ? [`  ${title}: ${ids.join(', ')}`] : [];
  return [
    style.bold(name),
    `  before: ${plainLine(before!.reason)}`,
    `  after:  ${plainLine(after!.reason)}`,
    ...findings('findings gone', findingsGone),
    ...findings('findings new ', findingsNew),
  ];
}
