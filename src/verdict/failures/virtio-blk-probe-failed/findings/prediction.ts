/** Findings about the model's forecast: kept, missed, or not made. */

import { ofKernel } from '../../../pointers.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { DisksFacts } from '../facts.ts';
import { forecast } from '../forecast.ts';
import { count, errnoText } from '../words.ts';

export function predictionFindings(facts: DisksFacts): Finding[] {
  const { before, after, trace } = facts;
  if (!after) return [];
  const made = forecast(facts);
  const from: Evidence[] =
    before?.trace && trace ? [trace.at(before.trace.line)] : (before?.at('matrix') ?? []);
  if (!made) {
    return [
      {
        id: 'prediction-not-made',
        severity: 'warning',
        title: 'The model could not be held against the disks',
        text: 'Neither the trace nor the memory of the machine tells the matrix before them.',
        evidence: before?.at('virtio') ?? [],
        rule: 'VIRTIO-MODEL',
      },
    ];
  }
  const { prediction, misses, assumed } = made;
  const guesses = Object.entries(assumed).map(([name, value]) => `${name} ${value ? 'present' : 'absent'}`);
  const given =
    guesses.length > 0 ? ` Taken as: ${guesses.join(', ')}, which the release does not tell.` : '';
  if (misses.length > 0) {
    const shown = misses.slice(0, 3).map(({ disk, what }) => `${disk.name}: ${what}`);
    return [
      {
        id: 'prediction-missed',
        severity: 'error',
        title: `The kernel did otherwise than the model says with ${misses.length} of ${count(after.disks.length, 'disk')}`,
        text: `${shown.join('; ')}${misses.length > 3 ? '; …' : ''}.${given}`,
        evidence: misses
          .slice(0, 3)
          .flatMap(({ disk }) => [disk.at, ...(disk.failure ? [ofKernel(disk.failure.dated)] : [])]),
        rule: 'VIRTIO-MODEL',
      },
    ];
  }
  const failing = prediction.disks[prediction.firstFailing ?? -1];
  const first = failing
    ? `the first to fail is ${failing.name}, with ${errnoText(failing.errno ?? 0)}`
    : 'none fails';
  const last = prediction.disks.at(-1);
  return [
    {
      id: 'prediction-kept',
      severity: 'info',
      title: `The model foretold all ${count(after.disks.length, 'disk')}: ${first}`,
      text: `Of each its rung, its error, the kernel's message and the slots it takes; in the end ${last?.available ?? 0} are available and ${last?.allocated ?? 0} allocated.${given}`,
      evidence: [...from, ...after.at('virtio')],
      rule: 'VIRTIO-MODEL',
    },
  ];
}
