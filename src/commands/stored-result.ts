/** `result.json` of a run folder, as it was judged then. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { RunResult } from '../report/result.ts';

/** @param path a run folder, or its result.json. @throws UsageError NOT_A_RUN */
export async function storedResult(cwd: string, path: string): Promise<{ text: string; result: RunResult }> {
  const whole = resolve(cwd, path);
  const isFolder = (await stat(whole).catch(() => undefined))?.isDirectory() ?? false;
  const file = isFolder ? join(whole, 'result.json') : whole;
  const next = 'give the folder that a run named as its evidence, e.g. runs/latest';
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${path} is no run folder with a result: ${error.message}`, {
      code: 'NOT_A_RUN',
      next,
    });
  });
  const result = parse(text);
  if (result?.schemaVersion !== 1 || !Array.isArray(result.variants))
    throw new UsageError(`${path} is no result of this version of vflab`, { code: 'NOT_A_RUN', next });
  return { text, result };
}

function parse(text: string): RunResult | undefined {
  try {
    return JSON.parse(text) as RunResult;
  } catch {
    return undefined;
  }
}
