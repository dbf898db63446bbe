import type { Emit } from './events.ts';

/** What a runner is told besides the plan. */
export interface RunOptions {
  /** Aborted by Ctrl-C; its reason is the signal's name. The runner then undoes everything and returns what it has. */
  signal: AbortSignal;
  /** The run folder, existing and empty. */
  outDir: string;
  emit: Emit;
  /** How often every variant is run. */
  repeat: number;
  /** Leave the machines of the last variant up and say how to reach them. */
  keep: boolean;
  /** Text of the lab file, for the record. */
  labText: string;
  /** Command line that started this run, for its `replay` script. */
  command: readonly string[];
  cwd: string;
}
