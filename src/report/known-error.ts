/** An error that a user can meet, in a few lines: code, what happened, what next, the last lines concerned. */
import type { KnownError } from '../errors.ts';
import type { Style } from './colour.ts';
import { plainLine, plainText } from './plain.ts';

export function knownErrorText(error: KnownError, style: Style): string {
  const lines = [`${style.red(`error ${error.code}`)}: ${plainText(error.message)}`];
  if (error.lastLines.length > 0)
    lines.push('  last lines:', ...error.lastLines.map((line) => style.dim(`    | ${plainLine(line)}`)));
  if (error.next) lines.push(`  next: ${plainText(error.next)}`);
  return `${lines.join('\n')}\n`;
}
