/** A `vector_*` event: whether the kernel can have produced it here, and what is known after it. */
import type { Departure, MatrixState } from '../vector/types.ts';
import { activate, alloc, config, deactivate, triesEnded } from './activate.ts';
import type { Complaints } from './complaints.ts';
import type { Here, VectorEvent, VectorFields } from './here.ts';
import { reserve, reserveManaged, setup, teardown } from './life.ts';
import { clear, freeMoved, update } from './move.ts';
import { checkOrder } from './order.ts';
import {
  type Domain,
  type Irq,
  irqOf,
  keep,
  type Section,
  sectionOf,
  tellsLives,
  unknownIrq,
} from './state.ts';

type Step = (here: Here, irq: Irq, fields: VectorFields) => Complaints;

const steps: Readonly<Record<string, Step>> = {
  reserve,
  reserve_managed: reserveManaged,
  setup,
  teardown,
  activate,
  deactivate,
  alloc: (here, irq, fields) => alloc(here, irq, fields, false),
  alloc_managed: (here, irq, fields) => alloc(here, irq, fields, true),
  config,
  update,
  clear,
  free_moved: freeMoved,
};

const fullNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(steps).map((name) => [name, `vector_${name}`]),
);

export interface VectorVerdict {
  departures: readonly Departure[];
  /** It is explained if a CPU died unseen before it, which the next event of the matrix shows; else not. */
  ifNoneDied?: readonly Departure[];
}

const explained: VectorVerdict = { departures: [] };

export function stepVector(domain: Domain, event: VectorEvent, matrix: MatrixState): VectorVerdict {
  const { name, executing, fields } = event;
  const step = steps[name];
  const number = fields.irq;
  if (!step || number === undefined) return explained;
  const section = sectionOf(domain, executing);
  const full = fullNames[name]!;
  const late = checkOrder(domain, section, full, number);
  if (!domain.seen.has(full)) domain.seen.add(full);
  if (late) return { departures: [late] };
  const here: Here = { domain, matrix, section, executing };
  const irq = irqOf(domain, number);
  const departures = attempt(step, here, irq, event);
  if (departures.length === 0) return explained;
  // A CPU that died took its interrupts' vectors with it.
  const stirred = { ...irq, vector: undefined, cpu: undefined, prevVector: undefined, prevCpu: undefined };
  if (attempt(step, here, stirred, event).length === 0) return ifCredible(domain, departures, 'ifNoneDied');
  const verdict = ifCredible(domain, departures, 'departures');
  if (verdict === explained) learnAnew(step, here, number, fields);
  return verdict;
}

function attempt(step: Step, here: Here, irq: Irq, { name, fields }: VectorEvent): readonly Departure[] {
  // Nothing but the tries' own events comes between them.
  if (irq.due?.event === 'tries' && !betweenTries.has(name)) {
    const ended = triesEnded(irq);
    if (ended.any) return ended.departures;
  }
  return step(here, irq, fields).departures;
}

const betweenTries: ReadonlySet<string> = new Set(['alloc', 'update', 'config', 'free_moved']);

/** These need no memory of the interrupt's life. */
const local: ReadonlySet<string> = new Set(['VX1', 'VX2', 'VX6', 'VX10', 'VX11']);

/** A departure counts only if the recording holds the events that it rests on. */
function ifCredible(
  domain: Domain,
  departures: readonly Departure[],
  as: 'departures' | 'ifNoneDied',
): VectorVerdict {
  const has = (name: string) => domain.seen.has(`vector_${name}`);
  const left = departures.filter(({ rule }) => {
    if (local.has(rule)) return true;
    if ((rule === 'VX4' || rule === 'VX9') && !has('free_moved')) return false;
    if ((rule === 'VX3' || rule === 'VX7') && !(has('teardown') && has('reserve_managed'))) return false;
    return tellsLives(domain);
  });
  if (left.length === 0) return explained;
  return as === 'departures' ? { departures: left } : { departures: [], ifNoneDied: left };
}

/** What was known of the interrupt rested on events that are not recorded. */
function learnAnew(step: Step, here: Here, number: number, fields: VectorFields): void {
  const irq = unknownIrq(number);
  keep(here.domain, irq);
  const section: Section = here.section;
  section.held = undefined;
  section.isUnknown = true;
  step(here, irq, fields);
}
