/**
 * How often something happens, from how often it was seen: exact binomial bounds (Clopper and Pearson, "The Use of
 * Confidence or Fiducial Limits Illustrated in the Case of the Binomial", Biometrika 26, 1934). No approximation: hunts
 * see few hits, where those are wrong.
 */

export interface RateBounds {
  /** Share of the runs, 0 to 1. */
  seen: number;
  lower: number;
  upper: number;
  confidence: number;
}

/**
 * Never seen, or seen always: the one side that says something gets the whole confidence (for 0 of n this is what the
 * rule of three approximates: 3 / n at 95 %). Else the interval is two-sided.
 * @throws {RangeError} unless 0 <= hits <= runs, runs >= 1, and 0 < confidence < 1
 */
export function rateBounds(hits: number, runs: number, confidence = 0.95): RateBounds {
  const whole = Number.isSafeInteger(hits) && Number.isSafeInteger(runs);
  if (!whole || hits < 0 || runs < 1 || hits > runs || !(confidence > 0 && confidence < 1))
    throw new RangeError(`no rate of ${hits} hits in ${runs} runs at ${confidence}`);
  const alpha = 1 - confidence;
  const seen = hits / runs;
  if (hits === 0) return { seen, lower: 0, upper: 1 - alpha ** (1 / runs), confidence };
  if (hits === runs) return { seen, lower: alpha ** (1 / runs), upper: 1, confidence };
  return {
    seen,
    // The rates at which so many hits or more, or so few or less, would be seen in half of alpha.
    lower: solve((p) => atLeast(hits, runs, p) - alpha / 2),
    upper: solve((p) => alpha / 2 - (1 - atLeast(hits + 1, runs, p))),
    confidence,
  };
}

/** `0 of 300: below 1 % at 95 %` · `7 of 300: 2.3 %, between 0.94 % and 4.8 % at 95 %` */
export function rateText(hits: number, runs: number, confidence = 0.95): string {
  const { seen, lower, upper } = rateBounds(hits, runs, confidence);
  const of = `${hits} of ${runs}:`;
  const at = `at ${percent(confidence)}`;
  if (hits === 0) return `${of} below ${percent(upper)} ${at}`;
  if (hits === runs) return `${of} above ${percent(lower)} ${at}`;
  return `${of} ${percent(seen)}, between ${percent(lower)} and ${percent(upper)} ${at}`;
}

/** Two digits: `0.94 %`, `4.8 %`, `12 %`, `100 %`. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** P(X >= hits) for a binomial X. Summed from the smaller side, in logarithms, so that many runs do no harm. */
function atLeast(hits: number, runs: number, p: number): number {
  if (hits <= 0) return 1;
  if (hits > runs) return 0;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  const term = (k: number) => Math.exp(logChoose(runs, k) + k * Math.log(p) + (runs - k) * Math.log1p(-p));
  let sum = 0;
  if (hits > runs / 2) {
    for (let k = runs; k >= hits; k -= 1) sum += term(k);
    return Math.min(1, sum);
  }
  for (let k = 0; k < hits; k += 1) sum += term(k);
  return Math.max(0, 1 - sum);
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) sum += Math.log((n - i + 1) / i);
  return sum;
}

/** The root of an increasing function between 0 and 1. */
function solve(f: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
