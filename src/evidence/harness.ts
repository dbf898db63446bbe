/** The harness's own record (`events.ndjson`) with the line of every event. */
import { isHarnessEvent } from './harness-shape.ts';
import type { HarnessEvent, HarnessEventKind } from './record.ts';
import { type SourceLine, splitLines } from './source.ts';

export type Recorded<K extends HarnessEventKind = HarnessEventKind> = Extract<HarnessEvent, { kind: K }> & {
  at: SourceLine;
};

export const harnessFile = 'events.ndjson';

export interface HarnessRecord {
  events: Recorded[];
  /** Lines that are no event: a cut file or a strange hand. */
  broken: SourceLine[];
}

/** Parses `events.ndjson`. Never throws: what cannot be read is named in `broken`. */
export function parseHarness(content: string): HarnessRecord {
  const record: HarnessRecord = { events: [], broken: [] };
  for (const [index, text] of splitLines(content).entries()) {
    const at: SourceLine = {
      file: harnessFile,
      machine: 'harness',
      line: index + 1,
      text: text.slice(0, 2000),
    };
    try {
      const value = JSON.parse(text) as HarnessEvent;
      if (!isHarnessEvent(value)) throw new Error('no event');
      at.arrived = value.t;
      record.events.push({ ...value, at } as Recorded);
    } catch {
      record.broken.push(at);
    }
  }
  return record;
}

/** Events of one kind, in order. */
export function ofKind<K extends HarnessEventKind>(events: readonly Recorded[], kind: K): Recorded<K>[] {
  return events.filter((event): event is Recorded<K> => event.kind === kind);
}
