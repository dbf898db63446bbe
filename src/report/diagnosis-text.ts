/** What `vflab diagnose` prints for a person at three in the morning: the cause, what proves it, what to do. */
import type { Diagnosis, OtherProblem, Report } from '../diagnose/types.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';

export function diagnosisText(report: Report, style: Style): string {
  const [main, ...rest] = report.diagnoses;
  const lines = [
    ...(main ? wholeDiagnosis(main, style) : [headline(report, style)]),
    ...(rest.length > 0 ? ['', style.bold('Also seen')] : []),
    ...rest.flatMap((one) => [
      `  ${one.cause}`,
      style.dim(`    ${one.confidence}: ${one.because}`),
      ...one.proof.slice(0, 2).flatMap((proof) => proofLines(proof, style)),
    ]),
    ...unexplainedLines(report, style),
    ...otherLines(report.others, style),
    ...readLines(report, style),
  ];
  return `${lines.join('\n')}\n`;
}

function headline({ answer, unexplained }: Report, style: Style): string {
  switch (answer) {
    case 'nothing-wrong':
      return style.green('Nothing wrong with interrupts here.');
    case 'not-interrupts':
      return style.yellow('Something is wrong here, but not with interrupts:');
    default:
      if (unexplained.length > 0 && unexplained.every(({ kind }) => kind === 'cut-line'))
        return style.yellow('The lines that matter are cut: what is wrong cannot be told.');
      return unexplained.length > 0
        ? style.yellow('Something is wrong with interrupts that I do not know.')
        : style.yellow('I do not know: these files cannot tell.');
  }
}

function wholeDiagnosis(one: Diagnosis, style: Style): string[] {
  const colour = one.confidence === 'certain' ? style.red : style.yellow;
  return [
    style.bold(one.cause),
    `${colour(one.confidence)}: ${one.because}`,
    '',
    style.bold('How it comes to that'),
    ...one.story.map((step, i) => `  ${i + 1}. ${step}`),
    '',
    style.bold('The lines that show it'),
    ...one.proof.flatMap((proof) => proofLines(proof, style)),
    '',
    style.bold('What to do, and what it costs'),
    ...one.remedies.flatMap(({ what, cost }) => [`  - ${what}`, style.dim(`      cost: ${cost}`)]),
    ...(one.collect.length > 0 ? ['', style.bold('To be surer, collect')] : []),
    ...one.collect.flatMap(({ what, why }) => [`  ${style.cyan(what)}`, style.dim(`      ${why}`)]),
    '',
    one.lab.available
      ? `To see it happen here: \`--lab FILE.yaml\` writes a lab (${one.lab.scale}).`
      : `There is no lab for this yet: ${one.lab.why}.`,
  ];
}

function proofLines({ file, line, text, shows }: Diagnosis['proof'][number], style: Style): string[] {
  return [`  ${style.cyan(`${file}:${line}`)}: ${shows}`, `      ${shorten(text)}`];
}

function unexplainedLines({ unexplained }: Report, style: Style): string[] {
  if (unexplained.length === 0) return [];
  return [
    '',
    style.bold('Signs that no rule explains'),
    ...unexplained.flatMap(({ kind, count, first }) => [
      `  ${style.cyan(`${first.file}:${first.line}`)}: ${kind}, ${count} ${count === 1 ? 'line' : 'lines'}`,
      `      ${shorten(first.text)}`,
      ...(kind === 'cut-line'
        ? [
            style.dim(
              '      it ends before it says which: give the whole line (journalctl --no-pager, dmesg)',
            ),
          ]
        : []),
    ]),
  ];
}

function otherLines(others: readonly OtherProblem[], style: Style): string[] {
  if (others.length === 0) return [];
  return [
    '',
    style.bold('Not of interrupts'),
    ...others.flatMap(({ what, advice, count, first }) => [
      `  ${style.cyan(`${first.file}:${first.line}`)}: ${what}${count > 1 ? ` (${count} lines)` : ''}`,
      `      ${shorten(first.text)}`,
      style.dim(`      ${advice}`),
    ]),
  ];
}

function readLines({ files, machine, partial }: Report, style: Style): string[] {
  const told = [
    machine.release && `kernel ${machine.release}`,
    machine.cpus && `${machine.cpus} CPUs`,
    machine.nodes !== undefined && machine.nodes > 1 && `${machine.nodes} nodes`,
  ].filter((part) => typeof part === 'string');
  return [
    '',
    style.bold('Read'),
    ...files.map(
      ({ file, kinds, lines, partial: why }) =>
        `  ${file}: ${kinds.length > 0 ? kinds.join(', ') : 'nothing known'}, ${lines} ${lines === 1 ? 'line' : 'lines'}${why ? `; ${style.yellow('partial')}: ${why}` : ''}`,
    ),
    ...(told.length > 0 ? [`  of a machine with ${told.join(', ')}`] : []),
    ...partial.map((why) => `  ${style.yellow('partial')}: ${why}`),
  ];
}

/** One printable line; a row of a table of 80 CPUs is shown by its ends. */
function shorten(text: string): string {
  const plain = plainLine(text)
    .trim()
    .replace(/\s(?:0\s+){3,}/g, ' … ')
    .replace(/(?:\s+…){2,}\s+/g, ' … ');
  return plain.length > 160 ? `${plain.slice(0, 80)} … ${plain.slice(-76)}` : plain;
}
