/** The part of a lab file that says what `vflab hunt` and `vflab run --deterministic` do. */
import { z } from 'zod';

const SymbolName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.]{0,127}$/, 'a point is the name of a function of the kernel');

const instructions = ['reads', 'writes', 'calls'] as const;
const Place = z
  .strictObject({
    function: SymbolName.optional().describe('Where this function begins.'),
    in: SymbolName.optional().describe('Inside this function: before the instruction that …'),
    reads: SymbolName.optional().describe('… reads this per-CPU variable,'),
    writes: SymbolName.optional().describe('… writes this per-CPU variable,'),
    calls: SymbolName.optional().describe('… calls this function.'),
  })
  .refine((p) => (p.function === undefined) !== (p.in === undefined), {
    error: 'a point is either `function: NAME`, or `in: NAME` with what the instruction does',
  })
  .refine((p) => instructions.filter((key) => p[key] !== undefined).length === (p.in === undefined ? 0 : 1), {
    error: `an instruction is told by one of ${instructions.join(', ')}, together with \`in\``,
  });

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
      .array(z.union([SymbolName, Place, z.array(Place).min(1)]))
      .min(1)
      .max(64)
      .describe(
        'Where a CPU may be held: the entry of a function of the kernel or its modules, by its name; an instruction in one; or several places, of which the first counts that the kernel has.',
      ),
    preemptions: z.int().min(1).max(8).default(3).describe('Most of them in one schedule.'),
    longest: z
      .int()
      .min(1)
      .max(100)
      .default(8)
      .describe('Longest hold: how often other CPUs come to a point meanwhile.'),
  })
  .describe('A race to be hunted, on the host alone and without disks: see docs/hunt.md.');
