/** Whether to colour, decided in one place, and the few styles that are used. */
import { styleText } from 'node:util';

export interface ColourQuestion {
  /** `--no-color` was given. */
  noColorFlag: boolean;
  env: Record<string, string | undefined>;
  isTTY: boolean;
}

/**
 * The flag beats the environment; NO_COLOR (set and not empty, no-color.org) beats FORCE_COLOR, which Node has
 * the other way round; without a word about it a terminal gets colours and a file does not.
 */
export function useColour({ noColorFlag, env, isTTY }: ColourQuestion): boolean {
  if (noColorFlag || env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTTY && env.TERM !== 'dumb';
}

const names = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;
export type Style = Record<(typeof names)[number], (text: string) => string>;

export function styleFor(coloured: boolean): Style {
  const make = (name: (typeof names)[number]) => (text: string) =>
    coloured ? styleText(name, text, { validateStream: false }) : text;
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Style;
}
