/** The forced race, again and again, each kernel at a random address: it has to come out the same every time. */
import { expect, it } from 'vitest';
import { raceScript } from '../../src/run/race-script.ts';
import { labFile, onRaceHost } from '../qemu/race-host.ts';

const rounds = 20;

it.for([
  { kernel: '6.1', lost: 1, handledAfter: 0, messages: 3 },
  { kernel: '6.12', lost: 0, handledAfter: 3, messages: 0 },
])('$kernel: $lost lost in each of 20 rounds', async ({ kernel, ...outcome }) => {
  const order = { from: 'explorer', cure: 'none', problem: 'overwrite-vfio' } as const;
  const script = await raceScript({ function: 'nic0', model: 'vector-setup', order }, labFile);
  await onRaceHost({ kernel, randomAddress: true }, async (round) => {
    for (let i = 1; i <= rounds; i += 1) {
      const seen = await round(script);
      console.log(`${kernel}, round ${i} of ${rounds}: ${JSON.stringify(seen)}`);
      expect(seen).toEqual({ forced: true, ...outcome });
    }
  });
});
