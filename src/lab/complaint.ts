import { didYouMean } from './nearest.ts';
import type { Place } from './problem.ts';

/** Something that does not fit, and the place in the lab file to point at. */
export interface Complaint {
  place: Place;
  message: string;
}

/** `unknown port "rp9" (did you mean "rp1"?)`, or with all that there are. */
export function unknown(what: string, name: string, known: readonly string[]): string {
  const all = known.length > 0 ? `; known: ${known.join(', ')}` : `; this lab names no ${what}`;
  return `unknown ${what} "${name}"${didYouMean(name, known) || all}`;
}
