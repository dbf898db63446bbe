/** Where each thing that two processes can see lies in a state, and where each process stands. */
import type { State } from '../scenario.ts';

export interface VectorSetupOptions {
  /** ce0b5eedcb75 "x86/irq: Plug vector setup race": a slot without a handler is read again under vector_lock. */
  locking: boolean;
  /** The rejected repair: after request_irq the slot is set again, if it is not the descriptor. */
  repair: boolean;
  /** The interrupt is injected once more after the VFIO call. */
  inject: boolean;
  /**
   * `vfio`: VFIO_DEVICE_SET_IRQS alone; the device goes on while its vector is switched. `qemu`: the same with the
   * guest that masks and unmasks, and QEMU that switches the trigger for each. `driver`: an ordinary driver, which
   * silences its device before free_irq.
   */
  owner: 'vfio' | 'qemu' | 'driver';
  /** The device raises no further interrupt until the last one was handled. */
  waitsForAck: boolean;
  devices: number;
  /** CPUs that interrupts are sent to. The tasks that switch vectors run on others. */
  cpus: number;
  raises: number;
  switches: number;
  /** Times that a CPU turns its interrupts off for a while. */
  pauses: number;
}

export const vectorSetupDefaults: VectorSetupOptions = {
  ...{ locking: false, repair: false, inject: false, owner: 'vfio', waitsForAck: true },
  ...{ devices: 1, cpus: 1, raises: 2, switches: 1, pauses: 1 },
};

/** What a slot of vector_irq[] holds: nothing, the mark of a vector just freed, or `DESC + d`, device d's descriptor. */
export const UNUSED = 0;
export const SHUTDOWN = 1;
export const DESC = 2;

/**
 * Where a CPU stands in common_interrupt; `off`: its interrupts are off for another reason. Everywhere but in `idle`
 * interrupts are off, and from `loaded` on the vector is in the ISR; its bit in the IRR can be set all the while.
 */
export const at = { idle: 0, loaded: 1, handling: 2, toWipe: 3, toEoi: 4, off: 5 } as const;

/** A device with its MSI-X entry, its irq, and the task that switches its vector. */
const deviceFields = [
  'task',
  'switches',
  'raises',
  'enabled',
  // Raised, and not handled since.
  'owed',
  'masked',
  'pending',
  'msgCpu',
  // A vector is kept as 1 and up, 0 is none.
  'msgVector',
  'cpu',
  'vector',
  'disabled',
  // IRQS_PENDING of the descriptor.
  'resend',
] as const;
/** What there is more where a guest and its QEMU take part. */
const guestFields = [
  // The eventfd that the handler signals: 0 is KVM's, 1 is QEMU's.
  'trigger',
  'eventfd',
  // The mask bit and the pending bit of the MSI-X table that QEMU shows the guest.
  'guestMask',
  'pba',
  // Injected into the guest, not yet handled there.
  'injected',
] as const;
export type Field = (typeof deviceFields)[number] | (typeof guestFields)[number];

export class Layout {
  readonly options: VectorSetupOptions;
  readonly vectors: number;
  readonly width: number;
  readonly fields: readonly Field[];
  readonly #index: Readonly<Record<Field, number>>;
  readonly #cpus: number;
  readonly #perCpu: number;

  constructor(options: VectorSetupOptions) {
    this.options = options;
    this.vectors = options.devices + 1;
    this.fields = options.owner === 'qemu' ? [...deviceFields, ...guestFields] : deviceFields;
    this.#index = Object.fromEntries(this.fields.map((field, i) => [field, i])) as Record<Field, number>;
    this.#cpus = this.fields.length * options.devices;
    // Where it stands, the vector and the slot in its registers, pauses left; then IRR and slot of each vector.
    this.#perCpu = 4 + 2 * this.vectors;
    this.width = this.#cpus + this.#perCpu * options.cpus;
  }

  field(device: number, field: Field): number {
    return device * this.fields.length + this.#index[field];
  }

  stands(cpu: number): number {
    return this.#cpus + cpu * this.#perCpu;
  }

  regVector(cpu: number): number {
    return this.stands(cpu) + 1;
  }

  regSlot(cpu: number): number {
    return this.stands(cpu) + 2;
  }

  pauses(cpu: number): number {
    return this.stands(cpu) + 3;
  }

  irr(cpu: number, vector: number): number {
    return this.stands(cpu) + 4 + vector;
  }

  slot(cpu: number, vector: number): number {
    return this.stands(cpu) + 4 + this.vectors + vector;
  }

  /** The slot of a device that has a vector. */
  slotOf(s: State, device: number): number {
    return this.slot(s[this.field(device, 'cpu')]!, s[this.field(device, 'vector')]! - 1);
  }

  /** Every vector is set up, on the first CPU. */
  first(): State {
    const s = new Uint8Array(this.width);
    const { devices, cpus, switches, raises, pauses } = this.options;
    for (let c = 0; c < cpus; c += 1) s[this.pauses(c)] = pauses;
    for (let d = 0; d < devices; d += 1) {
      s[this.field(d, 'switches')] = switches;
      s[this.field(d, 'raises')] = raises;
      s[this.field(d, 'enabled')] = 1;
      s[this.field(d, 'msgVector')] = d + 1;
      s[this.field(d, 'vector')] = d + 1;
      s[this.slot(0, d)] = DESC + d;
    }
    return s;
  }

  /** The device's message, as it was last written, reaches a local APIC. */
  send(next: State, device: number): void {
    const vector = next[this.field(device, 'msgVector')]!;
    if (vector !== 0) next[this.irr(next[this.field(device, 'msgCpu')]!, vector - 1)] = 1;
  }

  /** matrix_alloc_area: the lowest free bit; -1: none. */
  lowestFree(s: State, cpu: number): number {
    for (let v = 0; v < this.vectors; v += 1) {
      let taken = false;
      for (let d = 0; d < this.options.devices; d += 1)
        taken ||= s[this.field(d, 'vector')] === v + 1 && s[this.field(d, 'cpu')] === cpu;
      if (!taken) return v;
    }
    return -1;
  }

  /** Devices are interchangeable, and so are the CPUs that take interrupts. */
  get symmetries(): ((s: State, out: State) => void)[] {
    return orders(this.options.devices)
      .flatMap((newDevice) => orders(this.options.cpus).map((newCpu) => ({ newDevice, newCpu })))
      .slice(1)
      .map(({ newDevice, newCpu }) => this.#renaming(newDevice, newCpu));
  }

  /** Each byte has a new place, and a table of its new values. */
  #renaming(newDevice: readonly number[], newCpu: readonly number[]): (s: State, out: State) => void {
    const values = 2 + this.options.devices + this.options.cpus;
    const place = new Uint8Array(this.width);
    const table = Uint8Array.from({ length: this.width * 256 }, (_, i) => i % 256);
    const rename = (byte: number, to: number, change?: (value: number) => number) => {
      place[byte] = to;
      for (let value = 0; change && value < values; value += 1) table[256 * byte + value] = change(value);
    };
    const descriptor = (value: number) => (value < DESC ? value : DESC + (newDevice[value - DESC] ?? 0));
    const cpu = (value: number) => newCpu[value] ?? 0;
    for (const [d, to] of newDevice.entries())
      for (const field of this.fields)
        rename(this.field(d, field), this.field(to, field), /cpu$/i.test(field) ? cpu : undefined);
    for (const [c, to] of newCpu.entries()) {
      for (let i = 0; i < this.#perCpu; i += 1) rename(this.stands(c) + i, this.stands(to) + i);
      rename(this.regSlot(c), this.regSlot(to), descriptor);
      for (let v = 0; v < this.vectors; v += 1) rename(this.slot(c, v), this.slot(to, v), descriptor);
    }
    // Without a vector there is no CPU, whatever its name.
    const none = [...newDevice.entries()].flatMap(([d, to]) =>
      (['vector', 'msgVector'] as const).map((field) => ({
        vector: this.field(d, field),
        cpu: this.field(to, field === 'vector' ? 'cpu' : 'msgCpu'),
      })),
    );
    const { width } = this;
    return (s, out) => {
      for (let i = 0; i < width; i += 1) out[place[i]!] = table[256 * i + s[i]!]!;
      for (const each of none) if (s[each.vector] === 0) out[each.cpu] = 0;
    };
  }
}

/** Every order of 0 … n − 1, the usual one first. */
function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, i) => [...order.slice(0, n - 1 - i), n - 1, ...order.slice(n - 1 - i)]),
  );
}
