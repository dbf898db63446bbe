/** Feeds a parser with mutated real input until a time is over, or a number of inputs has been tried. */
import { amplify, mutate, type Random } from './mutate.ts';

export interface Target {
  name: string;
  parse: (text: string) => unknown;
  /** Real input, each at most some ten thousand characters. */
  seeds: readonly string[];
}

export interface Fault {
  what: string;
  input: string;
}

export interface FuzzResult {
  inputs: number;
  characters: number;
  fault?: Fault;
}

/** Length of an amplified input. Quadratic work on it takes seconds. */
const longInput = 200_000;
/** What that may take of a CPU at most, the best of three runs: a linear parser needs a tenth on a slow machine. */
const defaultLimitMs = 1_000;

/** @param more called before each input: false ends. */
export function fuzz(
  target: Target,
  random: Random,
  more: (inputs: number) => boolean,
  limitMs = defaultLimitMs,
): FuzzResult {
  const result: FuzzResult = { inputs: 0, characters: 0 };
  const any = () => target.seeds[Math.floor(random() * target.seeds.length)]!;
  while (more(result.inputs)) {
    result.inputs += 1;
    const long = random() < 0.02;
    const input = long ? amplify(random, any(), longInput) : mutate(random, any(), any());
    result.characters += input.length;
    const what = long ? tooSlow(target, input, limitMs) : thrown(target, input);
    if (what !== undefined) return { ...result, fault: { what, input } };
  }
  return result;
}

function thrown({ parse }: Target, input: string): string | undefined {
  try {
    parse(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function tooSlow(target: Target, input: string, limitMs: number): string | undefined {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 && best > limitMs; run += 1) {
    const before = process.threadCpuUsage();
    const what = thrown(target, input);
    if (what !== undefined) return what;
    // Not by the clock: the machine may be busy with other things.
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best > limitMs ? `${Math.round(best)} ms of a CPU for ${input.length} characters` : undefined;
}
