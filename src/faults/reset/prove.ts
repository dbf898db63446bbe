/** A reset is proved by what it wiped out, or by a driver that says it starts again; never by its exit code. */
import type { Proof } from '../fault.ts';
import type { Reset } from './inject.ts';

export function proveReset({ mark, restarts }: Reset): Proof {
  if (mark) {
    const wiped = mark.before !== 0 && mark.after === 0;
    return {
      proved: wiped,
      because: [
        `the mark read 0x${mark.before.toString(16)} before the reset and 0x${mark.after.toString(16)} after it`,
      ],
    };
  }
  return {
    proved: restarts > 0,
    because: [restarts > 0 ? 'nvme says that it started again' : 'nvme does not say that it started again'],
  };
}
