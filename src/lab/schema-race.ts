/** The part of a lab file about a race that is forced: whose interrupt it is, and in which order the CPUs act. */
import { z } from 'zod';

export const Race = z
  .strictObject({
    owner: z
      .string()
      .describe(
        'The PF (an igb) that a program of the host owns through VFIO; the race is about its vector 0.',
      ),
    neighbour: z
      .string()
      .optional()
      .describe(
        'A second PF (an igb), with a program of its own: it is given the vector that the first one had, for races about two devices.',
      ),
    model: z.string().describe('The race in the model: `vflab explore` lists them.'),
  })
  .describe('A race between two CPUs of the host, forced by holding them.');

const forceShape = {
  cure: z.string().optional().describe('From the explorer: the shortest way to lose in spite of this …'),
  problem: z.string().optional().describe('… to this problem, by the names that `vflab explore` gives them.'),
  schedule: z.string().min(1).optional().describe('From a file beside the lab file; see docs/director.md.'),
  unforced: z.literal(true).optional().describe('Nobody is held: the control.'),
};
export const RaceForce = z
  .strictObject(forceShape)
  .refine((f) => (f.cure === undefined) === (f.problem === undefined), {
    error: '`cure` goes with `problem`',
  })
  .refine((f) => [f.cure, f.schedule, f.unforced].filter((each) => each !== undefined).length === 1, {
    error: 'say one of `cure` with `problem`, `schedule`, or `unforced: true`',
  })
  .describe('In which order the CPUs act.');
export type RaceForce = z.infer<typeof RaceForce>;
