/** GitHub Actions annotations: what is not as expected, shown at the lab file. */
import { outcomeOf } from './outcome.ts';
import { plainText } from './plain.ts';
import type { RunResult } from './result.ts';

/** GitHub shows ten errors of a step and drops the rest. */
const limit = 10;

export function githubAnnotations(result: RunResult): string {
  const wrong = result.variants.filter((variant) => outcomeOf(variant) !== 'as-expected');
  return wrong
    .slice(0, limit)
    .map((variant) => {
      const level = outcomeOf(variant) === 'broke' ? 'warning' : 'error';
      const title = `${result.lab} ${variant.id}: ${variant.verdict}`;
      const message = [variant.reason, ...variant.mismatches, variant.error?.message ?? '']
        .filter(Boolean)
        .join('\n');
      return `::${level} file=${property(result.file)},title=${property(title)}::${data(message)}\n`;
    })
    .join('');
}

/** Escapes as actions/toolkit, packages/core/src/command.ts. */
function data(text: string): string {
  return plainText(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
