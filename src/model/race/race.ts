/** One race: what is compared (kernels, cures, known-bad variants) against what can go wrong, within bounds. */
import type { Scenario } from './scenario.ts';

export interface Race {
  name: string;
  title: string;
  /** Kernels, cures and known-bad variants → in words. The rows of the table. */
  variants: Readonly<Record<string, string>>;
  /** What can go wrong → in words. The columns. */
  problems: Readonly<Record<string, string>>;
  /** What limits the search → how far it goes by default, and most. */
  bounds: Readonly<Record<string, Bound>>;
  /** Variant → problems that the search is known to find; what is not here must not be found. */
  expected: Readonly<Record<string, readonly string[]>>;
  /** Counterexamples that are printed when no variant was asked for. */
  shown: readonly (readonly [variant: string, problem: string])[];
  /** What the table says, in words, one conclusion a line. */
  conclusions: readonly string[];
  /** @param bounds every bound of `bounds`; only the properties of `problem` are in the scenario */
  scenario(variant: string, problem: string, bounds: Readonly<Record<string, number>>): Scenario;
}

export interface Bound {
  /** `interrupts that each device raises` */
  title: string;
  default: number;
  max: number;
}
