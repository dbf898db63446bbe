/**
 * What a customer's texts tell of a machine and its virtio-blk disks: a kernel log with any prefix, /proc/interrupts,
 * what crash printed. Line by line, in constant memory but for the disks' numbers. Each fact keeps where it stood.
 * Sources: arch/x86/kernel/smpboot.c and cpu/topology.c ("Allowing"), kernel/smp.c ("Brought up"), mm/percpu.c
 * ("nr_cpu_ids:"), drivers/block/virtio_blk.c, kernel/irq/manage.c ("Flags mismatch").
 */

export interface LogFact<T> {
  value: T;
  file: string;
  /** 1-based. */
  line: number;
}

export interface LogFacts {
  /** `uname -r` and, where it was told, `uname -v`. */
  release?: LogFact<string>;
  build?: LogFact<string>;
  /** Online CPUs. */
  cpus?: LogFact<number>;
  possible?: LogFact<number>;
  nodes?: LogFact<number>;
  /** The most that a disk is seen with. */
  queues?: LogFact<number>;
  /** Lowest and highest number of a disk's name. */
  lowest?: LogFact<number>;
  highest?: LogFact<number>;
  /** A disk asked for irq 0: it has no INTx. */
  pinless?: LogFact<true>;
  /** The first probe that failed. */
  failure?: LogFact<{ name: string; errno: number }>;
  /** MSI vectors of /proc/interrupts that are not a disk's. */
  others?: LogFact<number>;
}

const longestLine = 16384;
const version = /Linux version (\S{1,80})/;
const build = /(#\d{1,4}(?:-\S{1,40})? (?:SMP|PREEMPT|Debian).{0,100})/;
// The second line of every kernel trace ends in the release.
const traced = /Comm: .{1,120} (\d{1,2}\.\d{1,3}\.\d{1,3}\S{0,60}) #\d/;
const allowing = /smpboot: Allowing (\d{1,5}) CPUs, (\d{1,5}) hotplug CPUs/;
const allowingNew = /Allowing (\d{1,5}) present CPUs plus (\d{1,5}) hotplug CPUs/;
const ids = /nr_cpu_ids:(\d{1,5})/;
const up = /Brought up (\d{1,4}) nodes?, (\d{1,5}) CPUs/;
const maps = /\bonline_maps = (\d{1,5})\b/;
const queues = /virtio_blk virtio\d{1,6}: (\d{1,5})\/\d{1,5}\/\d{1,5} default\/read\/poll queues/;
const request = /\bvirtio(\d{1,6})-req\.(\d{1,5})\b/;
const sharedQueue = /\bvirtio(\d{1,6})-virtqueues\b/;
const probe = /virtio_blk: probe of virtio(\d{1,6}) failed with error (-\d{1,4})/;
const probeNew = /virtio_blk virtio(\d{1,6}): probe with driver \S{1,40} failed with error (-\d{1,4})/;
const ofDriver = /virtio_blk virtio(\d{1,6}):/;
const mismatch = /Flags mismatch irq 0\. [0-9a-f]{8} \(virtio(\d{1,6})\)/;
const header = /^\s{2,20}CPU0(?:\s{1,12}CPU\d{1,5}){0,8191}\s*$/;
const row = /^\s{0,12}(\d{1,7}):/;

export class LogReader {
  readonly facts: LogFacts = {};
  #inInterrupts = false;
  #others = 0;

  /** Never throws; linear in the line's length. */
  line(text: string, file: string, line: number): void {
    const cut = text.length > longestLine ? text.slice(0, longestLine) : text;
    const fact = <T>(value: T): LogFact<T> => ({ value, file, line });
    if (header.test(cut)) {
      this.#inInterrupts = true;
      this.#others = 0;
      this.facts.cpus ??= fact(cut.trim().split(/\s+/).length);
      return;
    }
    if (this.#inInterrupts && row.test(cut)) this.#interrupt(cut, fact);
    else this.#inInterrupts &&= /^\s{0,12}[A-Z]{2,4}:/.test(cut);
    this.#machine(cut, fact);
    this.#disk(cut, fact);
  }

  #interrupt(text: string, fact: Fact): void {
    if (!text.includes('MSI') || /virtio\d{1,6}-(?:req\.|virtqueues)/.test(text)) return;
    // The config vector of a disk cannot be told from that of another virtio device: counted where the disk's is.
    if (/virtio\d{1,6}-config/.test(text)) return;
    this.#others += 1;
    this.facts.others = fact(this.#others);
  }

  #machine(text: string, fact: Fact): void {
    const { facts } = this;
    const booted = version.exec(text);
    if (booted) {
      facts.release = fact(booted[1]!);
      const built = build.exec(text);
      if (built) facts.build = fact(built[1]!);
      return;
    }
    const comm = text.includes('Comm: ') ? traced.exec(text) : null;
    if (comm) facts.release ??= fact(comm[1]!);
    const some = text.includes('CPU') || text.includes('nr_cpu_ids') || text.includes('online_maps');
    if (!some) return;
    let m = allowing.exec(text);
    if (m) facts.possible = fact(Number(m[1]));
    m = allowingNew.exec(text);
    if (m) facts.possible = fact(Number(m[1]) + Number(m[2]));
    m = ids.exec(text);
    if (m) facts.possible ??= fact(Number(m[1]));
    m = up.exec(text);
    if (m) {
      facts.nodes = fact(Number(m[1]));
      facts.cpus = fact(Number(m[2]));
    }
    m = maps.exec(text);
    if (m) facts.cpus ??= fact(Number(m[1]));
  }

  #disk(text: string, fact: Fact): void {
    if (!text.includes('virtio')) return;
    const { facts } = this;
    const told = queues.exec(text);
    if (told) this.#queues(Number(told[1]), fact);
    const req = request.exec(text);
    if (req) this.#queues(Number(req[2]) + 1, fact);
    const failed = probe.exec(text) ?? probeNew.exec(text);
    if (failed) facts.failure ??= fact({ name: `virtio${failed[1]}`, errno: Number(failed[2]) });
    const refused = mismatch.exec(text);
    if (refused) facts.pinless ??= fact(true as const);
    for (const found of [failed, refused, req, sharedQueue.exec(text), ofDriver.exec(text)])
      if (found) this.#number(Number(found[1]), fact);
  }

  #queues(count: number, fact: Fact): void {
    if (count > (this.facts.queues?.value ?? 0)) this.facts.queues = fact(count);
  }

  #number(number: number, fact: Fact): void {
    const { facts } = this;
    if (number < (facts.lowest?.value ?? Number.POSITIVE_INFINITY)) facts.lowest = fact(number);
    if (number > (facts.highest?.value ?? -1)) facts.highest = fact(number);
  }
}

type Fact = <T>(value: T) => LogFact<T>;
