/**
 * A schedule: in which order the CPUs of a machine do what. A YAML list that a person can read and write; the
 * director (`drive.ts`) drives it on a running kernel. See docs/director.md.
 *
 * `CPU1` is the machine's second CPU. `{irq}` stands for a value that only the run knows.
 */
import { z } from 'zod';

const Cpu = z.string().regex(/^CPU\d{1,3}$/, 'a CPU is CPU0, CPU1, …');
const SymbolName = z.string().regex(/^[\w.]{1,127}$/, 'a symbol of the kernel, as in /proc/kallsyms');
const Value = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.string().regex(/^(\{\w+\}|\d+|0x[0-9a-f]+)$/, 'a number, or {name}'),
);

const placeShape = {
  function: SymbolName.optional().describe('Where this function begins.'),
  where: z
    .record(z.string(), Value)
    .optional()
    .describe('Only with these arguments: `irqd.irq: "{irq}"` by BTF, or `arg0: 5` by position.'),
  in: SymbolName.optional().describe('Inside this function: before the instruction that …'),
  reads: SymbolName.optional().describe('… reads this per-CPU variable,'),
  writes: SymbolName.optional().describe('… writes this per-CPU variable,'),
  calls: SymbolName.optional().describe('… calls this function.'),
};
const instructionKeys = ['reads', 'writes', 'calls'] as const;
const Place = z
  .strictObject(placeShape)
  .refine((p) => (p.function === undefined) !== (p.in === undefined), {
    error: 'a place is either `function: NAME`, or `in: NAME` with what the instruction does',
  })
  .refine(
    (p) => instructionKeys.filter((key) => p[key] !== undefined).length === (p.in === undefined ? 0 : 1),
    {
      error: `an instruction is told by one of ${instructionKeys.join(', ')}, together with \`in\``,
    },
  )
  .refine((p) => p.where === undefined || p.function !== undefined, {
    error: 'arguments are known where a function begins only',
  });
export type Place = z.infer<typeof Place>;

const Places = z
  .preprocess(
    (places) => (places === undefined || Array.isArray(places) ? places : [places]),
    z.array(Place).min(1),
  )
  .describe('A place, or several: the first that the CPU comes to. Kernels differ.');

const stepShape = {
  hold: Cpu.optional().describe(
    'All CPUs run that no `hold` brought to a place before, until this one comes to `at`; then all are held.',
  ),
  at: Places.optional(),
  rest: Cpu.optional().describe('It alone runs until it idles, so that it holds no lock; then it is held.'),
  run: Cpu.optional().describe('It alone runs until it comes to `to`; the others stay held.'),
  to: Places.optional(),
  step: Cpu.optional().describe('It alone executes one instruction.'),
  do: z.string().min(1).optional().describe('Something done from outside: one of the actions of the lab.'),
  look: z.string().min(1).optional().describe('Evidence: one of the things that the lab can look at.'),
  expect: z.string().optional().describe('What `look` has to find; else the kernel took another way.'),
  release: z.literal('all').optional().describe('All CPUs run again. Always so at the end.'),
};
const verbs = ['hold', 'rest', 'run', 'step', 'do', 'look', 'release'] as const;
type Verb = (typeof verbs)[number];
const Step = z
  .strictObject({
    ...stepShape,
    note: z.string().optional().describe('What happens by it, for whoever reads the record.'),
    withinMs: z.int().min(1).max(60_000).optional().describe('Deadline at reference speed. Default 10000.'),
  })
  .refine((s) => verbs.filter((verb) => s[verb] !== undefined).length === 1, {
    error: `a step says one of ${verbs.join(', ')}`,
  })
  .refine((s) => (s.hold !== undefined) === (s.at !== undefined), { error: '`hold` goes with `at`' })
  .refine((s) => (s.run !== undefined) === (s.to !== undefined), { error: '`run` goes with `to`' })
  .refine((s) => s.expect === undefined || s.look !== undefined, { error: '`expect` goes with `look`' });
export type Step = z.infer<typeof Step>;

export const Schedule = z.strictObject({
  title: z.string().min(1),
  steps: z.array(Step).min(1).describe('In this order.'),
});
export type Schedule = z.infer<typeof Schedule>;

export const defaultWithinMs = 10_000;

/** The step's one verb. */
export function verbOf(step: Step): Verb {
  return verbs.find((verb) => step[verb] !== undefined)!;
}

/** A place in words: `the call of lock_vector_lock in __common_interrupt`. */
export function placeText(place: Place): string {
  if (place.function !== undefined) {
    const where = Object.entries(place.where ?? {}).map(([name, value]) => `${name} = ${value}`);
    return `${place.function}()${where.length > 0 ? ` with ${where.join(', ')}` : ''}`;
  }
  if (place.calls !== undefined) return `the call of ${place.calls} in ${place.in}`;
  return `the ${place.reads !== undefined ? 'read' : 'write'} of ${place.reads ?? place.writes} in ${place.in}`;
}

/** Every symbol that a schedule names: what has to be looked up in kallsyms before the machine is held. */
export function symbolsOf({ steps }: Schedule): string[] {
  const places = steps.flatMap((step) => [...(step.at ?? []), ...(step.to ?? [])]);
  const names = places.flatMap((p) => [p.function, p.in, p.reads, p.writes, p.calls]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
