/**
 * Native PCIe hot-plug lines. Source: drivers/pci/hotplug/pciehp_ctrl.c, pciehp_hpc.c; the button wording
 * changed between 6.1 and 6.12, that of link changes in 6.16.
 */
import { deviceMessage } from './line.ts';

export type HotplugWhat =
  | 'capability'
  | 'button-on'
  | 'button-off'
  | 'button'
  | 'button-cancel'
  | 'card-present'
  | 'card-not-present'
  | 'link-up'
  | 'link-down'
  /** It saw the link go and come back during a reset or containment, and does nothing about it. */
  | 'link-ignored'
  | 'failed'
  | 'other';

export interface HotplugFact {
  kind: 'pciehp';
  port: string;
  slot?: string;
  what: HotplugWhat;
  text: string;
}

const slotted = /^Slot\(([^)]{0,20})\):? ?(.*)$/;

const table: readonly [RegExp, HotplugWhat][] = [
  [/^Attention button pressed/, 'button'],
  [/^Powering on due to button press|^Button press: will power on/, 'button-on'],
  [/^Powering off due to button press|^Button press: will power off/, 'button-off'],
  [/^Button cancel|^Action canceled|^Button press: canceling/, 'button-cancel'],
  [/^Card present/, 'card-present'],
  [/^Card not present/, 'card-not-present'],
  [/^Link Up/, 'link-up'],
  // ≥ 6.16 also after a secondary bus reset (2af781a9edc4); before, "(recovered by DPC)" follows.
  [/^Link Down\/Up ignored/, 'link-ignored'],
  [/^Link Down/, 'link-down'],
  [/^(?:No link|Cannot train link|No device found|Power fault|Latch open|Already (?:en|dis)abled)/, 'failed'],
  [/^(?:Cannot add device|Timeout on hotplug command)/, 'failed'],
  [/^Slot #/, 'capability'],
];

export function parsePciehp(message: string): HotplugFact | undefined {
  const from = deviceMessage(message);
  if (!from?.rest.startsWith('pciehp: ')) return undefined;
  const text = from.rest.slice(8);
  const slot = slotted.exec(text);
  const body = slot ? slot[2]! : text;
  const what = table.find(([pattern]) => pattern.test(body))?.[1] ?? 'other';
  const fact: HotplugFact = { kind: 'pciehp', port: from.device, what, text };
  if (slot) fact.slot = slot[1]!;
  return fact;
}
