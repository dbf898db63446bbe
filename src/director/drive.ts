/**
 * Drives a schedule on a machine whose CPUs are held through its gdb stub. Every step becomes an event with its time;
 * a step that does not come about ends the schedule with an account of where each CPU stands.
 */
import type { HeldCpus } from '../machine/gdb/held-cpus.ts';
import { defaultWithinMs, type Place, type Schedule, type Step, verbOf } from './schedule.ts';
import { findSpots, isMet, type KernelCode, type Memory, noSuchPlace, type Spot } from './spots.ts';

/** What the lab does or sees, by the name that a schedule gives it. */
export interface Stage {
  cpus: HeldCpus;
  /** The kernel's memory; good for this hold. */
  memory: Memory;
  code: KernelCode;
  /** What `{name}` stands for. */
  values: ReadonlyMap<string, bigint>;
  actions: Readonly<Record<string, () => Promise<string>>>;
  looks: Readonly<Record<string, () => Promise<string>>>;
  /** Reference milliseconds → this machine's. */
  scaled: (ms: number) => number;
  record: (event: StepEvent) => void;
}

export interface StepEvent {
  /** 1-based. */
  step: number;
  verb: ReturnType<typeof verbOf>;
  /** `CPU1`, where one is concerned. */
  cpu?: string;
  /** Did it come about? */
  done: boolean;
  /** What was reached, done or seen; of a step that did not come about, what was there instead. */
  text: string;
  note?: string;
  /** Where each CPU stands, after a step that did not come about. */
  stands?: { cpu: string; rip: string }[];
}

export interface DriveResult {
  /** Every step came about. */
  done: boolean;
  /** The step that did not. */
  astray?: StepEvent;
}

/** @throws {LabBrokeError} `NO_SUCH_PLACE`, before anything runs; {GdbStubError}; the signal's reason. */
export async function drive(stage: Stage, { steps }: Schedule): Promise<DriveResult> {
  const driver = new Driver(stage, await threadsOf(stage.cpus));
  // All places at first: a schedule that this kernel cannot have is refused before anything is held.
  const spots = new Map<Step, Spot[]>();
  for (const step of steps) {
    const places = step.at ?? step.to;
    if (places) spots.set(step, await driver.find(places));
  }
  for (const [i, step] of steps.entries()) {
    const event = await driver.take(step, i + 1, spots.get(step) ?? []);
    stage.record(event);
    if (!event.done) return { done: false, astray: event };
  }
  return { done: true };
}

async function threadsOf(cpus: HeldCpus): Promise<string[]> {
  const threads: string[] = [];
  for await (const thread of cpus.threads()) threads.push(thread);
  return threads;
}

/** Where a CPU goes that has nothing to do (kernel/sched/idle.c): it holds nothing there. */
export const idleEntries = ['default_idle_call', 'cpuidle_enter'];
const hlt = 0xf4;

class Driver {
  readonly #stage: Stage;
  readonly #threads: readonly string[];
  /** Those that a `hold` brought to their place. */
  readonly #held = new Set<string>();

  constructor(stage: Stage, threads: readonly string[]) {
    this.#stage = stage;
    this.#threads = threads;
  }

  find(places: readonly Place[]): Promise<Spot[]> {
    const { code, memory, values } = this.#stage;
    return findSpots(code, memory, places, values);
  }

  async take(step: Step, number: number, spots: readonly Spot[]): Promise<StepEvent> {
    const verb = verbOf(step);
    const cpu = step.hold ?? step.rest ?? step.run ?? step.step;
    const event = (done: boolean, text: string): StepEvent => ({
      ...{ step: number, verb, done, text },
      ...(cpu === undefined ? {} : { cpu }),
      ...(step.note === undefined ? {} : { note: step.note }),
    });
    const deadline = AbortSignal.timeout(this.#stage.scaled(step.withinMs ?? defaultWithinMs));
    const reached = async (spot: Spot | undefined, wanted: readonly Spot[]) =>
      spot
        ? event(true, spot.text)
        : {
            ...event(false, `never came to ${wanted.map(({ text }) => text).join(' or ')}`),
            ...(await this.#account()),
          };
    switch (verb) {
      case 'hold': {
        const free = this.#threads.filter((thread) => !this.#held.has(thread));
        this.#held.add(this.#thread(cpu!));
        return await reached(await this.#runTo(cpu!, free, spots, deadline), spots);
      }
      case 'run':
        return await reached(await this.#runTo(cpu!, [this.#thread(cpu!)], spots, deadline), spots);
      case 'rest': {
        if (await this.#idles(this.#thread(cpu!))) return event(true, 'idles');
        const entries = await this.find(idleEntries.map((name) => ({ function: name })));
        return await reached(await this.#runTo(cpu!, [this.#thread(cpu!)], entries, deadline), entries);
      }
      case 'step':
        await this.#stage.cpus.step(this.#thread(cpu!));
        return event(true, 'one instruction');
      case 'do':
        return event(true, await this.#named(this.#stage.actions, step.do!)());
      case 'look': {
        const seen = await this.#named(this.#stage.looks, step.look!)();
        if (step.expect === undefined || seen === step.expect) return event(true, seen);
        return { ...event(false, `${step.look} is ${seen}, not ${step.expect}`), ...(await this.#account()) };
      }
      case 'release':
        return event(true, 'all CPUs run');
    }
  }

  /** Until `cpu` stands at one of the spots with its conditions met. Meanwhile `threads` run. */
  async #runTo(
    cpu: string,
    threads: readonly string[],
    spots: readonly Spot[],
    deadline: AbortSignal,
  ): Promise<Spot | undefined> {
    const { cpus, memory } = this.#stage;
    const wanted = this.#thread(cpu);
    const addresses = new Set(spots.map(({ address }) => address));
    // A CPU that stands at such a place leaves it first: it is to come there.
    for (const thread of threads) {
      const rip = (await cpus.registers(thread)).get('rip')!;
      if (addresses.has(rip)) await cpus.step(thread);
    }
    while (!deadline.aborted) {
      for (const address of addresses) await cpus.setBreakpoint(address);
      const stop = await cpus.run(threads, deadline);
      for (const address of addresses) await cpus.clearBreakpoint(address);
      if (stop.why === 'asked' || stop.thread === undefined) continue;
      const registers = await cpus.registers(stop.thread);
      if (stop.thread === wanted)
        for (const spot of spots)
          if (spot.address === registers.get('rip') && (await isMet(spot, registers, memory))) return spot;
      // Another CPU, or for something else.
      await cpus.step(stop.thread);
    }
    return undefined;
  }

  /** It waits in `hlt` for an interrupt. */
  async #idles(thread: string): Promise<boolean> {
    const registers = await this.#stage.cpus.registers(thread);
    const rip = registers.get('rip')!;
    // A CPU in user space cannot halt, and its addresses are not the kernel's.
    if (rip < 1n << 63n) return false;
    const [before] = await this.#stage.memory.read([{ address: rip - 1n, length: 1 }]);
    return before![0] === hlt;
  }

  async #account(): Promise<Pick<StepEvent, 'stands'>> {
    const stands: NonNullable<StepEvent['stands']> = [];
    for (const [i, thread] of this.#threads.entries()) {
      const rip = (await this.#stage.cpus.registers(thread)).get('rip')!;
      stands.push({ cpu: `CPU${i}`, rip: `0x${rip.toString(16)}` });
    }
    return { stands };
  }

  #thread(cpu: string): string {
    const thread = this.#threads[Number(cpu.slice(3))];
    if (thread === undefined) throw noSuchPlace(`${cpu}: the machine has ${this.#threads.length} CPUs`);
    return thread;
  }

  #named<T>(known: Readonly<Record<string, T>>, name: string): T {
    if (Object.hasOwn(known, name)) return known[name]!;
    throw noSuchPlace(`"${name}": this lab knows ${Object.keys(known).join(', ') || 'none'}`);
  }
}
