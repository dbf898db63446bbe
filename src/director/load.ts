/** A schedule's text → a `Schedule`, or everything that is wrong with it, with positions. */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { excerptOf, type Problem, type Source } from '../lab/problem.ts';
import { problemsOf } from '../lab/zod-problems.ts';
import { Schedule } from './schedule.ts';

export type ScheduleResult = { ok: true; schedule: Schedule } | { ok: false; problems: Problem[] };

/** `file` is only used in messages. Never throws for any text. */
export function loadSchedule(text: string, file: string): ScheduleResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const source: Source = { file, text, document, lines };
  const [broken] = [...document.errors, ...document.warnings];
  if (broken) {
    const { line, col } = lines.linePos(Math.min(broken.pos[0], text.length));
    const excerpt = excerptOf(text, line, col);
    return { ok: false, problems: [{ file, line, col, path: '', message: broken.message, excerpt }] };
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = (error as Error).message;
    return { ok: false, problems: [{ file, line: 1, col: 1, path: '', message, excerpt: '' }] };
  }
  const parsed = Schedule.safeParse(data);
  if (parsed.success) return { ok: true, schedule: parsed.data };
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: asWritten(data, issue.path) }));
  return { ok: false, problems: problemsOf(source, new z.ZodError(issues), data, jsonSchema()) };
}

/** A place that stands for a list of one is not in a list in the file. */
function asWritten(data: unknown, path: PropertyKey[]): PropertyKey[] {
  let here = data;
  return path.filter((step) => {
    if (step === 0 && typeof here === 'object' && here !== null && !Array.isArray(here)) return false;
    here = (here as Record<PropertyKey, unknown> | undefined)?.[step];
    return true;
  });
}

function jsonSchema(): object {
  return z.toJSONSchema(Schedule, { io: 'input', unrepresentable: 'any' });
}
