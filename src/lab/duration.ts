/** Durations as a lab writes them: `500ms`, `2s`, `1.5min`. */
import { z } from 'zod';

const message = 'a duration is a number and its unit: 500ms, 2s, 1.5min';

export const Duration = z
  .string({ error: (issue) => (issue.input === undefined ? undefined : message) })
  .regex(/^[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|min)$/, message);

const units: Record<string, number> = { ms: 1, s: 1000, min: 60_000 };

/** @param text a valid {@link Duration} @returns milliseconds */
export function durationMs(text: string): number {
  const unit = /[a-z]+$/.exec(text)![0];
  return Math.round(Number(text.slice(0, -unit.length)) * units[unit]!);
}
