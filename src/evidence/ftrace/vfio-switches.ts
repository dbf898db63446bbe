/**
 * The probes of `affinity-churn` on the host (src/faults/affinity-churn/switches.ts), read back: each time that VFIO
 * was given another trigger for a vector, and each interrupt that it requested for it.
 */

export interface TriggerSwitch {
  /** Seconds of the trace's clock. */
  at: number;
  vector: number;
  /** Descriptor of the new trigger; negative: the vector is given up. */
  fd: number;
  /** Seconds that it took; undefined where its end is not in the trace. */
  took?: number;
  /** 0, or a negative errno. */
  result?: number;
}

export interface SwitchTrace {
  switches: TriggerSwitch[];
  /** Switches away from what a vector's trigger was, and back: what a guest's mask and unmask are to VFIO. */
  masks: number;
  unmasks: number;
  /** Interrupts that VFIO requested. */
  requests: { at: number; irq: number; name: string }[];
}

/** One pass; lines that are none of the probes are passed over. */
export function readSwitchTrace(text: string): SwitchTrace {
  const trace: SwitchTrace = { switches: [], masks: 0, unmasks: 0, requests: [] };
  /** QEMU has two descriptors a vector: its own while the vector is masked, KVM's while it is not. */
  const firstFd = new Map<number, number>();
  /** By the task that makes them: they do not nest. */
  const open = new Map<string, TriggerSwitch>();
  for (const line of text.split('\n')) {
    const match = /^\s*(\S+)\s+\[\d+\]\s+\S+\s+(\d+\.\d+): (\w+): \([^)]*\) ?(.*)$/.exec(line);
    if (!match) continue;
    const [, task, stamp, name, rest] = match as unknown as [string, string, string, string, string];
    const at = Number(stamp);
    const field = (key: string) => new RegExp(`\\b${key}=("[^"]*"|\\S+)`).exec(rest)?.[1];
    if (name === 'switch') {
      const one: TriggerSwitch = { at, vector: Number(field('vector')), fd: Number(field('fd')) };
      trace.switches.push(one);
      open.set(task, one);
      if (!firstFd.has(one.vector)) firstFd.set(one.vector, one.fd);
      if (firstFd.get(one.vector) === one.fd) trace.masks += 1;
      else trace.unmasks += 1;
    } else if (name === 'switched') {
      const one = open.get(task);
      open.delete(task);
      if (!one) continue;
      one.took = at - one.at;
      one.result = Number(field('ret'));
    } else if (name === 'request') {
      trace.requests.push({ at, irq: Number(field('irq')), name: (field('name') ?? '').replaceAll('"', '') });
    }
  }
  return trace;
}
