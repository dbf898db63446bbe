/**
 * How fast this machine runs guests, compared with the one that the budgets were written on: deadlines are
 * multiplied by it, so that a slow CI runner gets more time and not a false "hang".
 */

/** Power-on of the host to its SSH server on the reference machine: two cores, TCG, QEMU 10.0, milliseconds. */
export const referenceHostBootMs = 5_000;

/** Before anything is measured: a boot that will fail mostly says so itself (panic, QEMU's end), so wait longer. */
const unmeasuredFactor = 3;
/** Slower than this is no slow machine but a hanging one. */
const maxFactor = 50;

export class MachineSpeed {
  readonly #referenceMs: number;
  #factor: number | undefined;

  /** @param referenceMs what {@link measuredBoot} takes on the reference machine. */
  constructor(referenceMs: number = referenceHostBootMs) {
    if (!(referenceMs > 0)) throw new RangeError(`the reference time must be above 0, not ${referenceMs}`);
    this.#referenceMs = referenceMs;
  }

  /** 1 on the reference machine, 2 on one that takes twice as long; never below 1: being early gains nothing. */
  get factor(): number {
    return this.#factor ?? unmeasuredFactor;
  }

  /** A budget at reference speed → milliseconds on this machine. */
  scaleBudget(ms: number): number {
    return Math.ceil(ms * this.factor);
  }

  /** Tells how long the boot took here. */
  measuredBoot(ms: number): void {
    if (!(ms > 0)) throw new RangeError(`a boot takes more than ${ms} ms`);
    this.#factor = Math.min(maxFactor, Math.max(1, ms / this.#referenceMs));
  }
}
