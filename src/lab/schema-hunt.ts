/** The part of a lab file that says what `vflab hunt` and `vflab run --deterministic` do. */
import { z } from 'zod';

export const Hunt = z
  .strictObject({
    prepare: z
      .string()
      .default('')
      .describe('Shell commands on the host, once; what they leave is where every run begins.'),
    work: z
      .string()
      .min(1)
      .describe('Shell commands on the host: what races. Status 0: all is well; any other: the failure.'),
    points: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_.]{0,127}$/, 'a point is the name of a function of the kernel'),
      )
      .min(1)
      .max(64)
      .describe('Functions of the kernel or its modules at whose entry a CPU may be held.'),
    preemptions: z.int().min(1).max(8).default(3).describe('Most of them in one schedule.'),
    longest: z
      .int()
      .min(1)
      .max(100)
      .default(8)
      .describe('Longest hold: how often other CPUs come to a point meanwhile.'),
  })
  .describe('A race to be hunted, on the host alone and without disks: see docs/hunt.md.');
