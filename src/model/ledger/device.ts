/**
 * The device's side of the ledger, from QEMU's trace: raise → message on the bus → local APIC. Under QEMU's big lock one
 * thread does all of it without a break, so what a thread says next belongs to what it said before. Sources: hw/pci/msix.c
 * msix_notify, hw/intc/ioapic.c ioapic_service, hw/intc/apic.c apic_deliver_irq and apic_set_irq (QEMU 10.0).
 */
import { MsixTable } from './msix-table.ts';
import { PinTable } from './pin-table.ts';
import type { DeviceEvent } from './types.ts';

/** A message that was sent, and what APICs did with it. */
export interface Message {
  line: number;
  time: number;
  /** Absent where an IOMMU let nothing through. */
  dest?: number;
  logical: boolean;
  vector: number;
  level: boolean;
  /** Who raised; absent where QEMU traces no raise (a released pending bit, a port's own interrupt). */
  source?: string;
  raiseLine?: number;
  /** Physical address of the MSI-X table entry that holds this message, if one does. */
  entry?: number;
  /** Of the IO-APIC, for a level input: also where the pin stays high and the message is sent again at EOI. */
  pin?: number;
  /** By how many APICs it was taken; each says whether its bit in IRR was clear. */
  taken: readonly ('fresh' | 'merged' | 'unknown')[];
}

/** A raise after which no message left. */
export interface Held {
  line: number;
  time: number;
  source: string;
}

interface Course {
  raise?: DeviceEvent & { kind: 'raise' };
  sent?: DeviceEvent & { kind: 'sent' };
  message?: DeviceEvent & { kind: 'message' };
  pin?: number;
  taken: ('fresh' | 'merged' | 'unknown')[];
}

/** Only these delivery modes have a vector in IRR: fixed and lowest priority (SDM 3A 12.11.2). */
const withVector = [0, 1];

export class DeviceSide {
  readonly messages: Message[] = [];
  readonly held: Held[] = [];
  /** Raises through an eventfd, by source: which message they became is not traced. */
  readonly deferred = new Map<string, number>();
  readonly raised = new Map<string, number>();
  readonly table = new MsixTable();
  readonly pins = new PinTable();
  /** MSI-X control words written, by device. */
  readonly controls: { line: number; time: number; device: string; enabled: boolean; masked: boolean }[] = [];
  /** Interrupts that processors sent each other, by vector, in order. Taken from here as they explain something. */
  readonly sentAgain = new Map<number, { line: number; time: number }[]>();
  readonly #courses = new Map<number, Course>();
  readonly #high = new Set<number>();
  /** Level pins whose remote IRR is set. */
  readonly #inService = new Set<number>();
  #count: number | undefined;

  take(event: DeviceEvent): void {
    const course = this.#courses.get(event.thread);
    switch (event.kind) {
      case 'raise':
        this.#close(event.thread);
        count(this.raised, event.source);
        if (event.deferred) count(this.deferred, event.source);
        else this.#courses.set(event.thread, { raise: event, taken: [] });
        return;
      case 'pin':
        this.#pin(event);
        return;
      case 'remote-irr':
        this.#remoteIrr(event, course);
        return;
      case 'ioapic':
        this.#close(event.thread);
        if (event.register === 'select') this.pins.select(event.value);
        else this.pins.write(event);
        return;
      case 'sent':
        if (course && !course.sent && !course.message) course.sent = event;
        else this.#open(event.thread, { sent: event, taken: [] });
        return;
      case 'message':
        if (course && !course.message) course.message = event;
        else this.#open(event.thread, { message: event, taken: [] });
        return;
      case 'latch':
        this.#latch(event, course);
        return;
      case 'latch-reset':
        this.#count = 0;
        this.#close(event.thread);
        return;
      case 'ipi': {
        this.#close(event.thread);
        const { line, time } = event;
        const list = this.sentAgain.get(event.vector);
        if (list) list.push({ line, time });
        else this.sentAgain.set(event.vector, [{ line, time }]);
        return;
      }
      case 'table':
        this.#close(event.thread);
        this.table.write(event);
        return;
      case 'msix-control':
        this.#close(event.thread);
        this.controls.push(event);
        return;
      default:
        this.#close(event.thread);
    }
  }

  /** Lines are missing here: nothing before says what belongs to what comes after. */
  gap(): void {
    this.#courses.clear();
    this.#count = undefined;
  }

  /** The trace ends: a course that is still open may have been cut. */
  end(): void {
    for (const [thread, course] of this.#courses) if (course.taken.length > 0) this.#close(thread);
    this.#courses.clear();
  }

  #open(thread: number, course: Course): void {
    this.#close(thread);
    this.#courses.set(thread, course);
  }

  /** A rising input is a raise; an edge input sends at each call that sets it (ioapic_set_irq). */
  #pin(event: DeviceEvent & { kind: 'pin' }): void {
    this.#close(event.thread);
    if (!event.high) {
      this.#high.delete(event.pin);
      return;
    }
    const source = `GSI ${event.pin}`;
    const raise = { ...event, kind: 'raise' as const, source, deferred: false };
    const rises = !this.#high.has(event.pin);
    this.#high.add(event.pin);
    if (rises) count(this.raised, source);
    if (rises) this.#courses.set(event.thread, { raise, taken: [] });
  }

  /** Written right before a level input's message (ioapic_service). */
  #remoteIrr({ thread, pin, set }: DeviceEvent & { kind: 'remote-irr' }, course: Course | undefined): void {
    if (!set) {
      this.#inService.delete(pin);
      return;
    }
    // Still in service: no message.
    if (this.#inService.has(pin)) return;
    this.#inService.add(pin);
    if (course && !course.sent && !course.message) course.pin = pin;
    else this.#open(thread, { pin, taken: [] });
  }

  #latch(event: DeviceEvent & { kind: 'latch' }, course: Course | undefined): void {
    const before = this.#count;
    this.#count = event.count;
    const step = before === undefined ? undefined : event.count - before;
    if (course?.message) {
      course.taken.push(step === 1 ? 'fresh' : step === 0 ? 'merged' : 'unknown');
      if (course.taken.length === targetsOf(course.message)) this.#close(event.thread);
      return;
    }
    // The timer of a local APIC, or an interrupt between processors.
    this.#close(event.thread);
  }

  #close(thread: number): void {
    const course = this.#courses.get(thread);
    if (!course) return;
    this.#courses.delete(thread);
    const { raise, sent, message, pin, taken } = course;
    const origin = raise ? { source: raise.source, raiseLine: raise.line } : {};
    const entry = sent ? this.table.entryOf(sent) : undefined;
    const from = {
      ...origin,
      ...(entry === undefined ? {} : { entry }),
      ...(pin === undefined ? {} : { pin }),
    };
    if (message) {
      if (!withVector.includes(message.delivery)) return;
      const { line, time, dest, logical, vector, level } = message;
      this.messages.push({ line, time, dest, logical, vector, level, ...from, taken });
    } else if (sent) {
      const { line, time } = sent;
      this.messages.push({ line, time, logical: false, vector: 0, level: false, ...from, taken });
    } else if (raise) this.held.push({ line: raise.line, time: raise.time, source: raise.source });
  }
}

/** How many APICs a message is for: one, but for a logical destination with several bits (SDM 3A 12.6.2.2). */
function targetsOf({ dest, logical }: { dest: number; logical: boolean }): number {
  if (!logical) return 1;
  let bits = 0;
  for (let rest = dest; rest > 0; rest >>= 1) bits += rest % 2;
  return Math.max(1, bits);
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
