/**
 * How fast this machine runs guests, compared with the one that the budgets were written on: deadlines are
 * multiplied by it, so that a slow CI runner gets more time and not a false "hang".
 */
export interface Speed {
  /** 1 on the reference machine, 2 on one that takes twice as long. Never below 1: being early gains nothing. */
  readonly factor: number;
  /** A budget at reference speed → milliseconds on this machine. */
  scaleBudget(ms: number): number;
}

/** Slower than this is no slow machine but a hanging one. */
const maxFactor = 50;

/** Of the reference machine. */
export const referenceSpeed: Speed = speedOf(1);

/**
 * For what runs before anything is measured, i.e. the first boot: a boot that fails mostly says so itself (panic,
 * QEMU's end), so waiting longer costs little, and a slow machine is not taken for a broken one.
 */
export const unmeasuredSpeed: Speed = speedOf(3);

/** @param measuredMs a boot as measured here; @param referenceMs the same boot on the reference machine. */
export function measuredSpeed(measuredMs: number, referenceMs: number): Speed {
  if (!(measuredMs > 0) || !(referenceMs > 0)) {
    throw new RangeError(`times must be above 0, not ${measuredMs} and ${referenceMs}`);
  }
  return speedOf(Math.min(maxFactor, Math.max(1, measuredMs / referenceMs)));
}

function speedOf(factor: number): Speed {
  return { factor, scaleBudget: (ms) => Math.ceil(ms * factor) };
}
