import { describe, expect, test } from 'vitest';
import { emptySlot, type SlotEvent, stepSlot } from '../../../src/model/hotplug/slot.ts';

const plug: SlotEvent = { kind: 'asked', for: 'plug' };
const unplug: SlotEvent = { kind: 'asked', for: 'unplug' };
const on: SlotEvent = { kind: 'taken', as: 'on' };
const off: SlotEvent = { kind: 'taken', as: 'off' };

function complaints(...events: SlotEvent[]): (string | undefined)[] {
  let state = emptySlot();
  return events.map((event) => {
    const step = stepSlot(state, event);
    state = step.state;
    return step.complaint;
  });
}

describe('as asked', () => {
  test('in and out by the button, twice', () => {
    const all = complaints(plug, on, unplug, off, plug, on, unplug, off);
    expect(all.filter((complaint) => complaint !== undefined)).toEqual([]);
  });

  test('a slot that came up by presence alone never took the press of its plug', () => {
    expect(complaints(plug, unplug, off)).toEqual([undefined, undefined, undefined]);
  });

  test('out by other ways: no press at all', () => {
    expect(complaints(plug, on, plug, on)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('not asked', () => {
  test('the press of a plug that is taken for an unplug', () => {
    expect(complaints(plug, on, plug, off).at(-1)).toBe('plug-taken-as-unplug');
  });

  test('a press that nobody made', () => {
    expect(complaints(plug, on, off).at(-1)).toBe('nobody-pressed');
    expect(complaints(on)).toEqual(['nobody-pressed']);
  });
});
