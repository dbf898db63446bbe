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
/** Below this nobody waits, however it grows. */
const defaultLimitMs = 500;

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

/** Not by its time alone, which depends on the machine: by how the time grows. Four is linear, 16 the square. */
function tooSlow(target: Target, input: string, limitMs: number): string | undefined {
  const what = thrown(target, input);
  if (what !== undefined) return what;
  const whole = cpuMs(target, input);
  if (whole <= limitMs) return undefined;
  const quarter = cpuMs(target, input.slice(0, input.length / 4));
  if (whole < 8 * quarter) return undefined;
  const times = `${Math.round(whole)} ms of a CPU for ${input.length} characters`;
  return `${times}, ${Math.round(quarter)} ms for a quarter of them`;
}

/** The best of three runs. Not by the clock: the machine may be busy with other things. */
function cpuMs(target: Target, input: string): number {
  const times = [1, 2, 3].map(() => {
    const before = process.threadCpuUsage();
    thrown(target, input);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
