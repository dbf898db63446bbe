/** That the variants and the matrix fit the rest of the lab, and that what is expected can be true. */
import { checkVariantFaults } from './check-faults.ts';
import { type Complaint, unknown } from './complaint.ts';
import { axesOf, cellsOf, usualAxes } from './matrix.ts';
import type { Path } from './problem.ts';
import type { Lab } from './schema.ts';

type Expect = Lab['variants'][string]['expect'];

export function* checkVariants(lab: Lab): Generator<Complaint> {
  if (Object.keys(lab.variants).length === 0)
    yield { place: { path: ['variants'], at: 'key' }, message: 'a lab needs a variant' };
  for (const [id, variant] of Object.entries(lab.variants)) {
    const path = ['variants', id];
    yield* checkVariantFaults(lab, id);
    if (variant.remedy !== 'none' && !Object.hasOwn(lab.remedies, variant.remedy))
      yield {
        place: { path: [...path, 'remedy'] },
        message: unknown('remedy', variant.remedy, ['none', ...Object.keys(lab.remedies)]),
      };
    yield* checkExpect(variant.expect, variant.remedy, [...path, 'expect']);
    for (const [i, exception] of variant.exceptions.entries()) {
      yield* checkExpect(exception, variant.remedy, [...path, 'exceptions', i]);
      yield* checkWhen(lab, exception.when, [...path, 'exceptions', i, 'when']);
    }
  }
  for (const [i, name] of (lab.quick ?? []).entries()) {
    if (!Object.hasOwn(lab.variants, name))
      yield {
        place: { path: ['quick', i] },
        message: unknown('variant', name, Object.keys(lab.variants)),
      };
  }
  yield* checkMatrix(lab);
}

function* checkExpect(expect: Expect, remedy: string, path: Path): Generator<Complaint> {
  if (remedy === 'none' && expect.remedy !== undefined)
    yield {
      place: { path: [...path, 'remedy'] },
      message: 'this variant has no remedy to expect an effect of',
    };
  if (remedy !== 'none' && expect.remedy === undefined)
    yield { place: { path }, message: `say what the remedy ${remedy} does: prevented, cured or no-effect` };
  if (expect.remedy === 'prevented' && expect.verdict === 'reproduced')
    yield {
      place: { path: [...path, 'remedy'] },
      message: 'a prevented failure is not reproduced: the verdict is clean',
    };
  if (expect.remedy === 'cured' && expect.verdict === 'clean')
    yield { place: { path: [...path, 'remedy'] }, message: 'only a reproduced failure can be cured' };
}

function* checkMatrix(lab: Lab): Generator<Complaint> {
  for (const { name, values } of axesOf(lab)) {
    for (const [i, value] of values.entries()) {
      if (values.indexOf(value) < i)
        yield { place: { path: ['matrix', name, i] }, message: `${value} is on this axis twice` };
    }
  }
  for (const [name, usual] of Object.entries(usualAxes(lab))) {
    const known = axesOf(lab).find((axis) => axis.name === name)?.values ?? [];
    for (const [i, value] of usual.entries())
      if (!known.includes(value))
        yield {
          place: { path: ['matrix', 'usual', name, i] },
          message: unknown(`value of ${name}`, value, known),
        };
  }
  for (const [i, when] of lab.matrix.exclude.entries()) yield* checkWhen(lab, when, ['matrix', 'exclude', i]);
  if (Object.keys(lab.variants).length > 0 && cellsOf(lab).length === 0)
    yield {
      place: { path: ['matrix', 'exclude'], at: 'key' },
      message: 'this excludes every cell: nothing is left to run',
    };
}

/** A condition that can never be met is a typing error. */
function* checkWhen(lab: Lab, when: Record<string, unknown>, path: Path): Generator<Complaint> {
  const axes = [...axesOf(lab), { name: 'variant', values: Object.keys(lab.variants) }];
  if (Object.keys(when).length === 0) yield { place: { path }, message: 'name at least one axis' };
  for (const [name, value] of Object.entries(when)) {
    const axis = axes.find((a) => a.name === name);
    if (!axis?.values.includes(String(value)))
      yield {
        place: { path: [...path, name] },
        message: unknown(`value of ${name}`, String(value), axis?.values ?? []),
      };
  }
}
