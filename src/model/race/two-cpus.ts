/** A device whose interrupt goes to one of two CPUs, and the bus between: what the races about a move have in common. */
import { anyTime, type Meaning } from './build.ts';
import { entryPlaces, slotWords } from './common-interrupt.ts';
import type { Action, LeadsTo } from './scenario.ts';

const number: Meaning = 'number';
const stands: Meaning = [...entryPlaces, 'end'];

export const deviceBytes = {
  raises: number,
  // An interrupt that was raised and is not handled.
  owed: number,
  // Where the next message goes, as the device has it written: 1 CPU1, 2 CPU2.
  message: number,
  // Messages under way, the older one first: to which CPU.
  older: number,
  newer: number,
} as const;

/** Of each CPU: where it stands in `commonInterrupt`, and its vector. */
export const twoCpuBytes = {
  'CPU1.stands': stands,
  'CPU1.irr': number,
  'CPU1.slot': slotWords,
  'CPU1.register': slotWords,
  'CPU2.stands': stands,
  'CPU2.irr': number,
  'CPU2.slot': slotWords,
  'CPU2.register': slotWords,
} as const satisfies Record<string, Meaning>;

type Places = Readonly<Record<keyof typeof deviceBytes | keyof typeof twoCpuBytes, number>>;

export function cpuPlaces(at: Places, name: 'CPU1' | 'CPU2') {
  return {
    ...{ stands: at[`${name}.stands`], irr: at[`${name}.irr`] },
    ...{ slot: at[`${name}.slot`], register: at[`${name}.register`] },
  };
}

/** @param ordered messages arrive in the order in which they were sent */
export function deviceOnBus(at: Places, ordered: boolean): Action[] {
  const irrOf = (cpu: number) => at[cpu === 1 ? 'CPU1.irr' : 'CPU2.irr'];
  return anyTime('device', [
    {
      ...{ id: 'raise', text: 'raises its interrupt', fair: false },
      when: (s) => s[at.raises]! > 0 && s[at.newer] === 0,
      run(next, s) {
        next[at.raises] = s[at.raises]! - 1;
        next[at.owed] = 1;
        next[s[at.older] ? at.newer : at.older] = s[at.message]!;
      },
    },
    {
      ...{ id: 'arrive', text: 'its message arrives' },
      when: (s) => s[at.older] !== 0,
      run(next, s) {
        next[irrOf(s[at.older]!)] = 1;
        next[at.older] = s[at.newer]!;
        next[at.newer] = 0;
      },
    },
    {
      ...{ id: 'overtake', text: 'its newer message arrives first', fair: false },
      when: (s) => !ordered && s[at.newer] !== 0,
      run(next, s) {
        next[irrOf(s[at.newer]!)] = 1;
        next[at.newer] = 0;
      },
    },
  ]);
}

export function handledAtLast({ owed }: Places): LeadsTo {
  return {
    text: 'an interrupt that the device raised is handled',
    from: (s) => s[owed] === 1,
    to: (s) => s[owed] === 0,
  };
}
