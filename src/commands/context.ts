/** What a command may touch of the outside world; `cli.ts` makes it once. */
import type { Style } from '../report/colour.ts';
import type { runPlan } from '../run/run.ts';

export interface CommandContext {
  cwd: string;
  env: Record<string, string | undefined>;
  /** Data. */
  out: Output;
  /** Messages. */
  err: Output;
  /** Arguments after the program's name. */
  argv: readonly string[];
  runPlan: RunPlan;
}

export interface Output {
  write(text: string): void;
  style: Style;
  /** Of the terminal; 0 when it is not one. */
  columns(): number;
}

export type RunPlan = typeof runPlan;
