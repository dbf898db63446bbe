/** What makes a race short to write: bytes by name, and processes as lists of steps. */
import type { Action, State, View } from './scenario.ts';

/** What a byte means: a number, or one of these words (the byte is the word's place in the list). */
export type Meaning = 'number' | readonly string[];

export class Bytes<Name extends string> {
  /** Where each byte is. */
  readonly at: Readonly<Record<Name, number>>;
  readonly width: number;
  readonly #meanings: readonly (readonly [Name, Meaning])[];

  constructor(meanings: Readonly<Record<Name, Meaning>>) {
    this.#meanings = Object.entries(meanings) as [Name, Meaning][];
    this.width = this.#meanings.length;
    this.at = Object.fromEntries(this.#meanings.map(([name], i) => [name, i])) as Record<Name, number>;
  }

  /** Every other byte is 0. */
  state(values: Partial<Record<Name, number>>): State {
    const state = new Uint8Array(this.width);
    for (const [name, value] of Object.entries(values)) state[this.at[name as Name]] = value as number;
    return state;
  }

  view(state: State): View {
    return Object.fromEntries(
      this.#meanings.map(([name, meaning], i) => {
        const value = state[i]!;
        return [name, meaning === 'number' ? value : meaning[value]!];
      }),
    );
  }

  /** Some bytes in words, for the end of a printed interleaving: `CPU1.slot: UNUSED, owed: 1`. */
  describe(state: State, names: readonly Name[]): string {
    const view = this.view(state);
    return names.map((name) => `${name}: ${view[name]}`).join(', ');
  }
}

export interface Step {
  id: string;
  text: string;
  /** Where the process stands before it; default: a place of its own, named like the step. */
  place?: string;
  /** See {@link Action.fair}. */
  fair?: boolean;
  when?: (s: State) => boolean;
  /** @returns the place where it goes on, if that is not the next one in the list */
  run?: (next: State, s: State) => string | undefined;
}

/**
 * Steps one after the other; after the last one the process stands at `end` and does nothing more. Several steps in
 * one place are several ways to go on from there.
 * @param field the byte that says where it stands: the number of the place in {@link placesOf}
 */
export function program(process: string, field: number, steps: readonly Step[]): Action[] {
  const places = placesOf(steps);
  const number = (id: string) => {
    const found = places.indexOf(id);
    if (found < 0) throw new Error(`${process} has no place '${id}'`);
    return found;
  };
  return steps.map(({ id, text, place = id, fair = true, when, run }) => {
    const value = number(place);
    return {
      ...{ process, id, text, fair, at: { field, value } },
      step(s, next) {
        if (when && !when(s)) return false;
        const to = run?.(next, s);
        next[field] = to ? number(to) : value + 1;
        return true;
      },
    };
  });
}

/** The meaning of the byte that says where a {@link program} stands. */
export function placesOf(steps: readonly Pick<Step, 'id' | 'place'>[]): readonly string[] {
  return [...new Set([...steps.map(({ id, place = id }) => place), 'end'])];
}

/** What can happen at any time: not one after the other. */
export function anyTime(process: string, steps: readonly Step[]): Action[] {
  return steps.map(({ id, text, fair = true, when, run }) => ({
    ...{ process, id, text, fair },
    step(s, next) {
      if (when && !when(s)) return false;
      run?.(next, s);
      return true;
    },
  }));
}
