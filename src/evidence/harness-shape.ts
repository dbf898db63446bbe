/** Whether a line of `events.ndjson` has the fields of its kind: a cut file can hold JSON that is no event. */
import type { HarnessEventKind } from './record.ts';

type Shape = Readonly<Record<string, 'text' | 'number' | 'truth' | 'texts' | 'functions' | 'object'>>;

/** Fields that are always there. */
const shapes = {
  phase: { phase: 'text', state: 'text', title: 'text' },
  'clock-marker': { machine: 'text', id: 'text', t0: 'number', t1: 'number' },
  'wall-clock': { machine: 'text', unixMs: 'number', t0: 'number', t1: 'number' },
  versions: { machine: 'text', kernelRelease: 'text', kernelVersion: 'text' },
  functions: { machine: 'text', functions: 'functions' },
  command: { machine: 'text', command: 'text', t0: 'number', output: 'text' },
  traffic: {
    id: 'text',
    from: 'text',
    over: 'text',
    moment: 'text',
    sent: 'number',
    received: 'number',
    output: 'text',
    t0: 'number',
  },
  load: {
    id: 'text',
    from: 'text',
    over: 'text',
    sent: 'number',
    received: 'number',
    seconds: 'number',
    output: 'text',
    t0: 'number',
  },
  'default-affinity': { machine: 'text', moment: 'text', mask: 'text', t0: 'number' },
  'intx-probe': {
    machine: 'text',
    function: 'text',
    bdf: 'text',
    vendor: 'text',
    device: 'text',
    pin: 'number',
    irq: 'number',
    command: 'object',
    t0: 'number',
  },
  'intx-policy': { machine: 'text', nointxmask: 'truth' },
  'guest-start': { machine: 'text', started: 'truth', t0: 'number' },
  'disks-read': { machine: 'text', moment: 'text', worked: 'number', failed: 'texts', t0: 'number' },
  registers: { fault: 'text', stage: 'text', registers: 'object' },
  schedule: { state: 'text' },
  'fault-stopped': { fault: 'text', occurrence: 'number', t0: 'number' },
  invariant: { id: 'text', held: 'truth', answer: 'text', t0: 'number' },
  injected: { fault: 'text', via: 'text', t0: 'number', output: 'text' },
  proof: { fault: 'text', stage: 'text', proved: 'truth', because: 'texts' },
  'irq-line': {
    machine: 'text',
    fault: 'text',
    irq: 'number',
    moment: 'text',
    interrupts: 'number',
    count: 'number',
    unhandled: 'number',
    returned: 'object',
  },
  race: { title: 'text', function: 'text', irq: 'number', cpu: 'number', vector: 'number' },
  'race-step': { step: 'number', verb: 'text', done: 'truth', text: 'text' },
  interrupts: { function: 'text', moment: 'text', raised: 'number', handled: 'number', t0: 'number' },
  snapshot: { machine: 'text', what: 'text', moment: 'text', file: 'text', t0: 'number' },
  witness: { machine: 'text', witness: 'text', moment: 'text', alive: 'truth', answer: 'text', t0: 'number' },
  remedy: { step: 'text', machine: 'text', state: 'text', detail: 'text' },
  broke: { code: 'text', message: 'text', phase: 'text' },
  note: { text: 'text' },
} as const satisfies Record<HarnessEventKind, Shape>;

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const checks: Record<Shape[string], (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  truth: (value) => typeof value === 'boolean',
  texts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  object: isObject,
  functions: (value) =>
    Array.isArray(value) &&
    value.every((fn) => isObject(fn) && typeof fn.name === 'string' && typeof fn.bdf === 'string'),
};

/** A kind that is not known is let through: a later version wrote it, and nobody here asks for it. */
export function isHarnessEvent(value: unknown): boolean {
  if (!isObject(value) || typeof value.t !== 'number' || typeof value.kind !== 'string') return false;
  if (!Object.hasOwn(shapes, value.kind)) return true;
  const shape: Shape = shapes[value.kind as HarnessEventKind];
  return Object.entries(shape).every(([field, type]) => checks[type](value[field]));
}
