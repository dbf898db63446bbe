/** Each rule of the model, and what it says of starts one after the other. */
import { describe, expect, test } from 'vitest';
import { intxTrust, intxTrustByName } from '../../../src/model/intx/distrusted.ts';
import { foresee, type IntxFunction, type World } from '../../../src/model/intx/foresee.ts';
import { heldLine } from '../../../src/model/intx/holders.ts';
import { aloneText, refusal, whyText } from '../../../src/model/intx/refusal.ts';

const a: IntxFunction = { bdf: '0000:00:05.0', pin: 1, irq: 21, trust: 'no', disIntx: true };
const b: IntxFunction = { bdf: '0000:00:09.0', pin: 1, irq: 21, trust: 'no', disIntx: true };
const world: World = {
  ...{ lines: new Map(), nointxmask: false, condOneshotRequests: true, hidesPinWithoutIrq: false },
};
const two = [
  { guest: 'vm0', functions: [a] },
  { guest: 'vm1', functions: [b] },
];

function starts(given: Parameters<typeof foresee>[0], of: Partial<World> = {}) {
  return foresee(given, { ...world, ...of }).map(({ guest, starts }) => `${guest} ${starts}`);
}

test('two that mask their INTx share the line', () => {
  expect(starts(two)).toEqual(['vm0 true', 'vm1 true']);
});

test('with nointxmask=1 the second is refused, in the words of either kernel', () => {
  const message = (condOneshotRequests: boolean) => {
    const [, second] = foresee(two, { ...world, nointxmask: true, condOneshotRequests });
    const [fate] = second!.functions;
    return fate!.fate === 'refused' ? fate!.answer.message : undefined;
  };
  expect(message(true)).toBe(
    'genirq: Flags mismatch irq 21. 00200000 (vfio-intx(0000:00:09.0)) vs. 00200000 (vfio-intx(0000:00:05.0))',
  );
  expect(message(false)).toBe(
    'genirq: Flags mismatch irq 21. 00000000 (vfio-intx(0000:00:09.0)) vs. 00000000 (vfio-intx(0000:00:05.0))',
  );
});

test('one of the two that cannot is enough, whichever comes first', () => {
  for (const broken of [
    { ...a, disIntx: false },
    { ...a, trust: 'distrusted' as const },
  ]) {
    expect(starts([{ guest: 'vm0', functions: [broken] }, two[1]!])).toEqual(['vm0 true', 'vm1 false']);
    expect(starts([two[1]!, { guest: 'vm0', functions: [broken] }])).toEqual(['vm1 true', 'vm0 false']);
  }
});

test('a host driver on the line', () => {
  const lines = new Map([[21, [{ name: 'uhci_hcd:usb1', flags: 0x200080 }]]]);
  expect(starts(two, { lines })).toEqual(['vm0 true', 'vm1 true']);
  expect(starts(two, { lines, nointxmask: true })).toEqual(['vm0 false', 'vm1 false']);
});

test('no pin, another line, or an INTx that vfio hides: nothing to collide with', () => {
  const nointxmask = true;
  const with2 = (second: IntxFunction) => [two[0]!, { guest: 'vm1', functions: [second] }];
  expect(starts(with2({ ...b, pin: 0 }), { nointxmask })).toEqual(['vm0 true', 'vm1 true']);
  expect(starts(with2({ ...b, irq: 22 }), { nointxmask })).toEqual(['vm0 true', 'vm1 true']);
  expect(starts(with2({ ...b, trust: 'hidden' }))).toEqual(['vm0 true', 'vm1 true']);
  // With nointxmask=1 vfio does not look at its list (vfio_pci_core_enable).
  expect(starts(with2({ ...b, trust: 'hidden' }), { nointxmask })).toEqual(['vm0 true', 'vm1 false']);
});

test('a VM with both is its own opponent, and gives back what it had', () => {
  const nointxmask = true;
  const both = { guest: 'vm0', functions: [a, b] };
  const [first, second] = foresee([both, { guest: 'vm1', functions: [b] }], { ...world, nointxmask });
  expect(first!.functions.map(({ fate }) => fate)).toEqual(['granted', 'refused']);
  expect([first!.starts, second!.starts]).toEqual([false, true]);
  const third = foresee([{ guest: 'vm0', functions: [a, b, { ...b, bdf: '0000:00:0a.0' }] }], {
    ...world,
    nointxmask,
  });
  expect(third[0]!.functions.map(({ fate }) => fate)).toEqual(['granted', 'refused', 'not-reached']);
});

test('a pin that leads nowhere ends QEMU, and what is not known stays so', () => {
  expect(starts([{ guest: 'vm0', functions: [{ ...a, irq: 0 }] }])).toEqual(['vm0 false']);
  expect(starts([{ guest: 'vm0', functions: [{ ...a, irq: 0x80000000 }] }])).toEqual(['vm0 true']);
  const { irq: _, ...unrouted } = a;
  const { pin: __, ...unread } = a;
  expect(starts([{ guest: 'vm0', functions: [unrouted] }])).toEqual(['vm0 unknown']);
  expect(starts([{ guest: 'vm0', functions: [unread] }])).toEqual(['vm0 unknown']);
});

test('a pin without an irq: ENODEV before 6.15, since then no pin at all', () => {
  const pinless = [{ guest: 'vm0', functions: [{ ...a, irq: 0 }] }];
  expect(starts(pinless)).toEqual(['vm0 false']);
  expect(starts(pinless, { hidesPinWithoutIrq: true })).toEqual(['vm0 true']);
  // With a line it is asked for in either.
  expect(starts(two, { hidesPinWithoutIrq: true, nointxmask: true })).toEqual(['vm0 true', 'vm1 false']);
});

describe('holders, whose flags /proc/interrupts does not show', () => {
  const held = (actions: string[], edge = false, nointxmask = false, irq = 21) =>
    heldLine(
      { irq, actions, edge },
      { nointxmask, condOneshotRequests: true, functions: new Map([[a.bdf, a]]) },
    ).map(({ flags }) => flags.toString(16));
  test.each([
    ['a PCI driver shares', held(['uhci_hcd:usb1', 'virtio0']), ['200080', '200080']],
    ['a legacy device does not', held(['rtc0'], true), ['200000']],
    ['the timer', held(['timer'], true, false, 0), ['15a00']],
    ['vfio, as the function is believed', held([`vfio-intx(${a.bdf})`]), ['200080']],
    ['vfio, when none is', held([`vfio-intx(${a.bdf})`], false, true), ['200000']],
  ])('%s', (_, flags, expected) => expect(flags).toEqual(expected));
});

test('the kernel’s lists, by number and by lspci’s words', () => {
  expect(
    ['15b3:1007', '8086:1572', '8086:1563', '15b3:1013', '8086:100e'].map((id) =>
      intxTrust(...(id.split(':') as [string, string])),
    ),
  ).toEqual(['distrusted', 'hidden', 'hidden', 'firmware', 'no']);
  expect(intxTrustByName('Ethernet controller: Mellanox Technologies MT27520 Family [ConnectX-3 Pro]')).toBe(
    'distrusted',
  );
  expect(
    intxTrustByName(
      'Ethernet controller [0200]: Intel Corporation Ethernet Controller X710 [8086:1572] (rev 02)',
    ),
  ).toBe('hidden');
  expect(intxTrustByName('USB controller: Intel Corporation 82371SB PIIX3 USB')).toBe('no');
});

test('a refusal in words', () => {
  const host = {
    newName: 'vfio-intx(0000:00:09.0)',
    newFlags: 0x200000,
    oldName: 'uhci_hcd:usb1',
    oldFlags: 0x200080,
  };
  expect(aloneText(refusal(host))).toBe('0000:00:09.0 wants it alone');
  expect(whyText(host, refusal(host))).toBe(
    'A line is shared only if both users say IRQF_SHARED; here no flags (alone) meets SHARED | COND_ONESHOT.',
  );
});
