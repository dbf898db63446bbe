/** `result.json`, described in docs/result.md. */
import type { RunResult } from './result.ts';

export function jsonReport(result: RunResult): string {
  return `${JSON.stringify(result, undefined, 2)}\n`;
}
