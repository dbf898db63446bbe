/** Transitions in the order of the search: those of state i are `first[i]` to `first[i + 1]` of `to` and `by`. */
export class Edges {
  first = new Int32Array(4096);
  /** The state that it leads to. */
  to = new Int32Array(4096);
  /** Number of the action. */
  by = new Uint16Array(4096);
  #count = 0;

  get memory(): number {
    return this.first.byteLength + this.to.byteLength + this.by.byteLength;
  }

  /** Those of `state` follow. */
  begin(state: number): void {
    if (state >= this.first.length) this.first = grown(this.first, new Int32Array(state * 2));
    this.first[state] = this.#count;
  }

  add(to: number, by: number): void {
    if (this.#count === this.to.length) {
      this.to = grown(this.to, new Int32Array(this.#count * 2));
      this.by = grown(this.by, new Uint16Array(this.#count * 2));
    }
    this.to[this.#count] = to;
    this.by[this.#count] = by;
    this.#count += 1;
  }
}

export function grown<T extends Int32Array | Uint16Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
