/**
 * A vector torn down and set up again while an interrupt of its old life is still on the way: the steps of
 * free_irq and request_irq on the one side, common_interrupt on the other.
 *
 * Read: arch/x86/kernel/irq.c (common_interrupt, call_irq_handler; reevaluate_vector in 6.12.42 and later),
 * arch/x86/kernel/apic/vector.c (x86_vector_deactivate → clear_irq_vector, x86_vector_activate →
 * apic_update_vector), kernel/irq/manage.c (__free_irq, __setup_irq), kernel/irq/chip.c (handle_edge_irq,
 * irq_startup → check_irq_resend), drivers/vfio/pci/vfio_pci_intrs.c (vfio_msi_set_vector_signal). What is done
 * under vector_lock or under the descriptor's lock is one step here.
 */
import type { Action, LeadsTo, Property, Scenario, State } from './scenario.ts';

export interface VectorSetupOptions {
  /** ce0b5eedcb75 "x86/irq: Plug vector setup race": a slot without a handler is read again under vector_lock. */
  locking: boolean;
  /** The rejected repair: after request_irq the slot is set again, if it is not the descriptor. */
  repair: boolean;
  /** The interrupt is injected once more after the VFIO call. */
  inject: boolean;
  /** `vfio`: the device goes on while its vector is switched. `driver`: the device is silenced before free_irq. */
  owner: 'vfio' | 'driver';
  /** The device raises no further interrupt until the last one was handled. */
  waitsForAck: boolean;
  devices: number;
  /** CPUs that interrupts are sent to. The tasks that switch vectors run on others. */
  cpus: number;
  raises: number;
  switches: number;
}

export const vectorSetupDefaults: VectorSetupOptions = {
  ...{ locking: false, repair: false, inject: false, owner: 'vfio', waitsForAck: true },
  ...{ devices: 1, cpus: 1, raises: 2, switches: 1 },
};

const UNUSED = 0;
const SHUTDOWN = 1;
/** Slot value of device `d`: `DESC + d`. */
const DESC = 2;

/** Where a CPU stands in common_interrupt. */
const IDLE = 0;
const LOADED = 1;
const HANDLING = 2;
const TO_WIPE = 3;
const TO_EOI = 4;

/** Fields of a device, with its MSI-X entry, its irq and the task that switches it. */
const device = [
  'task',
  'switches',
  'raises',
  'enabled',
  'owed',
  'masked',
  'pending',
  'msgCpu',
  'msgVector',
] as const;
const irq = ['cpu', 'vector', 'disabled', 'resend'] as const;
const deviceFields = [...device, ...irq];
type Field = (typeof deviceFields)[number];

export function vectorSetup(options: Partial<VectorSetupOptions> = {}): Scenario {
  const o = { ...vectorSetupDefaults, ...options };
  const vectors = o.devices + 1;
  const perDevice = deviceFields.length;
  const cpuBase = perDevice * o.devices;
  // pc, the vector and the descriptor in its registers, then IRR and slot of each vector.
  const perCpu = 3 + 2 * vectors;
  const width = cpuBase + perCpu * o.cpus;

  const at = (d: number, field: Field) => d * perDevice + deviceFields.indexOf(field);
  const pc = (c: number) => cpuBase + c * perCpu;
  const regVector = (c: number) => pc(c) + 1;
  const regSlot = (c: number) => pc(c) + 2;
  const irr = (c: number, v: number) => pc(c) + 3 + v;
  const slot = (c: number, v: number) => pc(c) + 3 + vectors + v;
  /** A vector is kept as 1 and up, 0 is none. */
  const slotOf = (s: State, d: number) => slot(s[at(d, 'cpu')]!, s[at(d, 'vector')]! - 1);

  function first(): State {
    const s = new Uint8Array(width);
    for (let d = 0; d < o.devices; d += 1) {
      s[at(d, 'switches')] = o.switches;
      s[at(d, 'raises')] = o.raises;
      s[at(d, 'enabled')] = 1;
      s[at(d, 'msgVector')] = d + 1;
      s[at(d, 'vector')] = d + 1;
      s[slot(0, d)] = DESC + d;
    }
    return s;
  }

  function send(next: State, d: number): void {
    const vector = next[at(d, 'msgVector')]!;
    if (vector !== 0) next[irr(next[at(d, 'msgCpu')]!, vector - 1)] = 1;
  }

  function handled(next: State, d: number): void {
    next[at(d, 'owed')] = 0;
  }

  const vectorTaken = (s: State, c: number, v: number) => {
    for (let d = 0; d < o.devices; d += 1) {
      if (s[at(d, 'vector')] === v + 1 && s[at(d, 'cpu')] === c) return true;
    }
    return false;
  };
  /** matrix_alloc_area: the lowest free bit. */
  const lowestFree = (s: State, c: number) => {
    for (let v = 0; v < vectors; v += 1) if (!vectorTaken(s, c, v)) return v;
    return -1;
  };

  const name = (what: string, i: number, of: number) => (of === 1 ? what : `${what}${i}`);
  const actions: Action[] = [];

  for (let d = 0; d < o.devices; d += 1) {
    const process = name('CPU0', d, o.devices).replace('CPU00', 'CPU0').replace('CPU01', "CPU0'");
    type Step = { id: string; text: string; run(s: State, next: State): boolean };
    const steps: Step[] = [];
    const step = (id: string, text: string, run: Step['run']) => steps.push({ id, text, run });
    const set = (field: Field, value: number) => (_: State, next: State) => {
      next[at(d, field)] = value;
      return true;
    };
    if (o.owner === 'driver') step('disable-device', 'disable_irq_in_device()', set('enabled', 0));
    step('mask', 'free_irq(): mask()', (_, next) => {
      next[at(d, 'masked')] = 1;
      next[at(d, 'disabled')] = 1;
      return true;
    });
    step('synchronize', '__synchronize_irq()', (s) => {
      for (let c = 0; c < o.cpus; c += 1)
        if (s[pc(c)] === HANDLING && s[regSlot(c)] === DESC + d) return false;
      return true;
    });
    step('write-zero', 'write_msg(0)', (_, next) => {
      next[at(d, 'msgVector')] = 0;
      next[at(d, 'msgCpu')] = 0;
      return true;
    });
    step('deactivate', 'x86_vector_deactivate(): slot = VECTOR_SHUTDOWN', (s, next) => {
      next[slotOf(s, d)] = SHUTDOWN;
      next[at(d, 'vector')] = 0;
      next[at(d, 'cpu')] = 0;
      return true;
    });
    // Which CPU is the matrix's choice and depends on what else is allocated: any.
    const activate = steps.length;
    step('activate', '', () => false);
    step('write-message', 'write_msg(msg)', (s, next) => {
      next[at(d, 'msgCpu')] = s[at(d, 'cpu')]!;
      next[at(d, 'msgVector')] = s[at(d, 'vector')]!;
      return true;
    });
    step('unmask', 'unmask()', (s, next) => {
      next[at(d, 'masked')] = 0;
      next[at(d, 'disabled')] = 0;
      // irq_startup → check_irq_resend: what arrived while it was disabled is sent again.
      if (s[at(d, 'pending')] || s[at(d, 'resend')]) send(next, d);
      next[at(d, 'pending')] = 0;
      next[at(d, 'resend')] = 0;
      return true;
    });
    if (o.repair)
      step('repair', 'repair_irq(): slot = desc, if it is not', (s, next) => {
        next[slotOf(s, d)] = DESC + d;
        return true;
      });
    if (o.inject)
      step('inject', 'inject the interrupt once more', (_, next) => {
        handled(next, d);
        return true;
      });
    if (o.owner === 'driver')
      step('enable-device', 'enable_irq_in_device()', (_, next) => {
        next[at(d, 'enabled')] = 1;
        // A driver that starts its device looks at its state first.
        handled(next, d);
        return true;
      });
    const go = (next: State, i: number) => {
      const last = i === steps.length - 1;
      next[at(d, 'task')] = last ? 0 : i + 1;
      if (last) next[at(d, 'switches')] = next[at(d, 'switches')]! - 1;
      return true;
    };
    for (const [i, { id, text, run }] of steps.entries()) {
      if (i === activate) continue;
      actions.push({
        ...{ process, id, text },
        // Nobody has to switch a vector; a switch that was begun goes on.
        fair: i > 0,
        step: (s, next) =>
          s[at(d, 'task')] === i && (i > 0 || s[at(d, 'switches')]! > 0) && run(s, next) && go(next, i),
      });
    }
    for (let c = 0; c < o.cpus; c += 1) {
      const where = o.cpus === 1 ? '' : ` on CPU${c + 1}`;
      actions.push({
        ...{ process, id: 'activate', text: `request_irq(): x86_vector_activate(): slot = desc${where}` },
        step(s, next) {
          if (s[at(d, 'task')] !== activate) return false;
          const v = lowestFree(s, c);
          if (v < 0) return false;
          next[slot(c, v)] = DESC + d;
          next[at(d, 'cpu')] = c;
          next[at(d, 'vector')] = v + 1;
          return go(next, activate);
        },
      });
    }
    actions.push({
      process: name('device', d, o.devices),
      id: 'raise',
      text: 'raises its interrupt',
      fair: false,
      step(s, next) {
        if (s[at(d, 'raises')] === 0 || s[at(d, 'enabled')] === 0) return false;
        if (o.waitsForAck && s[at(d, 'owed')] === 1) return false;
        next[at(d, 'raises')] = s[at(d, 'raises')]! - 1;
        next[at(d, 'owed')] = 1;
        if (s[at(d, 'masked')]) next[at(d, 'pending')] = 1;
        else send(next, d);
        return true;
      },
    });
  }

  for (let c = 0; c < o.cpus; c += 1) {
    const process = `CPU${c + 1}`;
    const add = (id: string, text: string, when: number, run: (s: State, next: State) => boolean) =>
      actions.push({ process, id, text, step: (s, next) => s[pc(c)] === when && run(s, next) });
    for (let v = 0; v < vectors; v += 1) {
      for (const [value, seen] of [
        [UNUSED, 'VECTOR_UNUSED'],
        [SHUTDOWN, 'VECTOR_SHUTDOWN'],
        [DESC, 'its descriptor'],
      ] as const) {
        add('enter', `takes vector ${v + 1}, sees ${seen}`, IDLE, (s, next) => {
          const found = s[slot(c, v)]!;
          if (s[irr(c, v)] === 0 || Math.min(found, DESC) !== value) return false;
          next[irr(c, v)] = 0;
          next[pc(c)] = LOADED;
          next[regVector(c)] = v;
          next[regSlot(c)] = found;
          return true;
        });
      }
    }
    const handle = (s: State, next: State, found: number) => {
      const d = found - DESC;
      next[regSlot(c)] = found;
      // handle_edge_irq: disabled, or no action: marked, to be sent again.
      if (s[at(d, 'disabled')]) next[at(d, 'resend')] = 1;
      next[pc(c)] = s[at(d, 'disabled')] ? TO_EOI : HANDLING;
      return true;
    };
    add(
      'handle',
      'handle_edge_irq()',
      LOADED,
      (s, next) => s[regSlot(c)]! >= DESC && handle(s, next, s[regSlot(c)]!),
    );
    if (o.locking) {
      const again = (s: State) => s[slot(c, s[regVector(c)]!)]!;
      add(
        'reevaluate-found',
        'reads the slot again, locked: its descriptor',
        LOADED,
        (s, next) => s[regSlot(c)]! < DESC && again(s) >= DESC && handle(s, next, again(s)),
      );
      add('reevaluate-wipe', 'writes VECTOR_UNUSED, locked', LOADED, (s, next) => {
        if (s[regSlot(c)]! >= DESC || again(s) !== SHUTDOWN) return false;
        next[slot(c, s[regVector(c)]!)] = UNUSED;
        next[pc(c)] = TO_EOI;
        return true;
      });
      add('no-handler', 'No irq handler for vector', LOADED, (s, next) => {
        if (s[regSlot(c)]! >= DESC || again(s) !== UNUSED) return false;
        next[pc(c)] = TO_EOI;
        return true;
      });
    } else {
      add('no-handler', 'No irq handler for vector', LOADED, (s, next) => {
        if (s[regSlot(c)] !== UNUSED) return false;
        next[pc(c)] = TO_EOI;
        return true;
      });
      add('decide-wipe', 'finds no handler', LOADED, (s, next) => {
        if (s[regSlot(c)] !== SHUTDOWN) return false;
        next[pc(c)] = TO_WIPE;
        return true;
      });
      add('wipe', 'writes VECTOR_UNUSED', TO_WIPE, (s, next) => {
        next[slot(c, s[regVector(c)]!)] = UNUSED;
        next[pc(c)] = TO_EOI;
        return true;
      });
    }
    add('handler', 'the handler runs', HANDLING, (s, next) => {
      handled(next, s[regSlot(c)]! - DESC);
      next[pc(c)] = TO_EOI;
      return true;
    });
    add('eoi', 'EOI', TO_EOI, (_, next) => {
      next[pc(c)] = IDLE;
      next[regVector(c)] = 0;
      next[regSlot(c)] = 0;
      return true;
    });
  }

  /** Devices are interchangeable, and so are the CPUs that take interrupts. */
  function rename(s: State, out: State, newDevice: readonly number[], newCpu: readonly number[]): void {
    const descriptor = (value: number) => (value < DESC ? value : DESC + newDevice[value - DESC]!);
    for (const [d, to] of newDevice.entries()) {
      for (const field of deviceFields) out[at(to, field)] = s[at(d, field)]!;
      if (s[at(d, 'vector')]) out[at(to, 'cpu')] = newCpu[s[at(d, 'cpu')]!]!;
      if (s[at(d, 'msgVector')]) out[at(to, 'msgCpu')] = newCpu[s[at(d, 'msgCpu')]!]!;
    }
    for (const [c, to] of newCpu.entries()) {
      for (let i = 0; i < perCpu; i += 1) out[pc(to) + i] = s[pc(c) + i]!;
      out[regSlot(to)] = descriptor(s[regSlot(c)]!);
      for (let v = 0; v < vectors; v += 1) out[slot(to, v)] = descriptor(s[slot(c, v)]!);
    }
  }
  const symmetries = orders(o.devices)
    .flatMap((newDevice) => orders(o.cpus).map((newCpu) => ({ newDevice, newCpu })))
    .slice(1)
    .map(
      ({ newDevice, newCpu }) =>
        (s: State, out: State) =>
          rename(s, out, newDevice, newCpu),
    );

  const devices = Array.from({ length: o.devices }, (_, d) => d);
  const of = (d: number) => (o.devices === 1 ? '' : ` of device${d}`);
  const invariants: Property[] = devices.map((d) => ({
    text: `once the vector${of(d)} is set up, its slot holds its descriptor`,
    // While a task is at work a repair may still come.
    holds: (s) => s[at(d, 'task')] !== 0 || s[slotOf(s, d)] === DESC + d,
  }));
  const leadsTo: LeadsTo[] = devices.map((d) => ({
    text: `an interrupt that the device${of(d)} raised is handled`,
    from: (s) => s[at(d, 'owed')] === 1,
    to: (s) => s[at(d, 'owed')] === 0,
  }));
  const sometimes: Property[] = [
    {
      text: 'an interrupt comes while its vector is shut down',
      holds: (s) => s[pc(0)] === LOADED && s[regSlot(0)] === SHUTDOWN,
    },
    { text: 'every switch is done', holds: (s) => devices.every((d) => s[at(d, 'switches')] === 0) },
  ];

  function describe(s: State): string {
    const slots = (c: number) =>
      Array.from(
        { length: vectors },
        (_, v) => ['UNUSED', 'SHUTDOWN'][s[slot(c, v)]!] ?? `desc${of(s[slot(c, v)]! - DESC)}`,
      );
    const parts = devices.map((d) => {
      const vector = s[at(d, 'vector')]!;
      const where = vector === 0 ? 'no vector' : `vector ${vector} on CPU${s[at(d, 'cpu')]! + 1}`;
      return `device${d}: ${where}${s[at(d, 'owed')] ? ', waits for its interrupt to be handled' : ''}`;
    });
    const tables = Array.from(
      { length: o.cpus },
      (_, c) => `vector_irq[] of CPU${c + 1}: ${slots(c).join(' ')}`,
    );
    return [...parts, ...tables].join('; ');
  }

  const count = (n: number, what: string, plural = `${what}s`) => `${n} ${n === 1 ? what : plural}`;
  return {
    name: 'vector-setup',
    title: 'A vector is torn down and set up again while an interrupt is on its way',
    processes: [...new Set(actions.map((action) => action.process))],
    bounds: [
      count(o.devices, 'device'),
      count(o.cpus, 'CPU that takes interrupts', 'CPUs that take interrupts'),
      count(vectors, 'vector'),
      `${count(o.raises, 'raise')} and ${count(o.switches, 'switch', 'switches')} a device`,
    ].join(', '),
    width,
    init: [first()],
    actions,
    invariants,
    sometimes,
    leadsTo,
    symmetries,
    isEnd: (s) => devices.every((d) => s[at(d, 'task')] === 0),
    describe,
  };
}

/** Every order of 0 … n − 1, the usual one first. */
function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, i) => [...order.slice(0, n - 1 - i), n - 1, ...order.slice(n - 1 - i)]),
  );
}
