/** A kernel log as typed events, each with the line it came from. */
import { type AerFact, parseAer } from './aer.ts';
import { type DriverFact, parseDriver } from './drivers.ts';
import { type GenirqFact, parseGenirq } from './genirq.ts';
import type { KernelLine } from './line.ts';
import { type HotplugFact, parsePciehp } from './pciehp.ts';
import { parseTrouble, type TroubleFact } from './trouble.ts';
import { parseVectors, type VectorFact } from './vectors.ts';
import { parseVfio, type VfioFact } from './vfio.ts';
import { parseVirtio, type VirtioFact } from './virtio.ts';

export type OtherFact =
  /** `vflab-marker <id>`, written by the runner through /dev/kmsg: one side of the clock offset. */
  | { kind: 'marker'; id: string }
  | { kind: 'boot'; release: string }
  /** Lines that a rate limit swallowed: checks on such lines must be "at most". */
  | { kind: 'suppressed'; callbacks: number };

export type KernelFact =
  | AerFact
  | DriverFact
  | GenirqFact
  | HotplugFact
  | OtherFact
  | TroubleFact
  | VectorFact
  | VfioFact
  | VirtioFact;
export type KernelEvent = KernelFact & { at: KernelLine };

const marker = /^vflab-marker (\S{1,120})/;
const boot = /^Linux version (\S{1,80})/;
const suppressed = /(\d{1,9}) callbacks suppressed/;

/** The fact in one message, or undefined for a line that no rule needs. Never throws. */
export function parseKernelMessage(message: string): KernelFact | undefined {
  const text = message.slice(0, 2000);
  const m = marker.exec(text);
  if (m) return { kind: 'marker', id: m[1]! };
  const booted = boot.exec(text);
  if (booted) return { kind: 'boot', release: booted[1]! };
  const fact =
    parseAer(text) ??
    parsePciehp(text) ??
    parseVfio(text) ??
    parseVirtio(text) ??
    parseDriver(text) ??
    parseGenirq(text) ??
    parseVectors(text) ??
    parseTrouble(text);
  if (fact) return fact;
  const lost = suppressed.exec(text);
  return lost ? { kind: 'suppressed', callbacks: Number(lost[1]) } : undefined;
}

export function kernelEvents(lines: Iterable<KernelLine>): KernelEvent[] {
  const events: KernelEvent[] = [];
  for (const at of lines) {
    const fact = parseKernelMessage(at.message);
    if (fact) events.push({ ...fact, at });
  }
  return events;
}
