import { didYouMean } from './nearest.ts';
import type { Place } from './problem.ts';

/** Something that does not fit, and the place in the lab file to point at. */
export interface Complaint {
  place: Place;
  message: string;
}

export function unknown(what: string, name: string, known: string[]): string {
  const hint =
    didYouMean(name, known) || (known.length > 0 ? `; there is ${known.join(', ')}` : '; there is none');
  return `unknown ${what} "${name}"${hint}`;
}
