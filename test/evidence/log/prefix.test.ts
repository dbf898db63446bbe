import { describe, expect, test } from 'vitest';
import { plainText, unwrap } from '../../../src/evidence/log/prefix.ts';

const said = 'virtio_blk virtio3: 2/0/0 default/read/poll queues';

describe('what stands before a message comes off', () => {
  test.each([
    ['dmesg', `[    1.234567] ${said}`, { stamp: 1.234567 }],
    ['its first bracket lost', ` 3940.230432] ${said}`, { stamp: 3940.230432 }],
    ['with a caller', `[    1.234567][   T12] ${said}`, { stamp: 1.234567 }],
    ['dmesg -r', `<6>[    1.234567] ${said}`, { stamp: 1.234567 }],
    ['dmesg -x', `kern  :info  : [    1.234567] ${said}`, { stamp: 1.234567 }],
    ['dmesg -T', `[Sat Nov 21 08:18:39 2026] ${said}`, {}],
    ['dmesg -T in French', `[sam. nov. 21 08:18:39 2026] ${said}`, {}],
    ['dmesg -e', `[Nov21 08:18] ${said}`, {}],
    ['dmesg -d', `[<    0.000005>] ${said}`, {}],
    ['dmesg -e, later', `[  +0.000005] ${said}`, {}],
    ['dmesg --time-format iso', `2026-11-21T08:18:39,123456+00:00 ${said}`, {}],
    ['journalctl', `Nov 21 08:18:39 host kernel: ${said}`, { ident: 'kernel' }],
    ['journalctl in German', `Nov 21 08:18:39 pve-1.example.com kernel: ${said}`, { ident: 'kernel' }],
    ['syslog', `Nov  1 08:18:39 host kernel: [    1.234567] ${said}`, { ident: 'kernel', stamp: 1.234567 }],
    ['short-precise', `Nov 21 08:18:39.123456 host kernel: ${said}`, { ident: 'kernel' }],
    ['short-iso', `2026-11-21T08:18:39+0000 host kernel: ${said}`, { ident: 'kernel' }],
    ['short-iso-precise', `2026-11-21T08:18:39.123456+00:00 host kernel: ${said}`, { ident: 'kernel' }],
    ['short-full', `Sat 2026-11-21 08:18:39 UTC host kernel: ${said}`, { ident: 'kernel' }],
    ['short-unix', `1795249119.123456 host kernel: ${said}`, { ident: 'kernel' }],
    ['short-monotonic', `[    1.234567] host kernel: ${said}`, { ident: 'kernel', stamp: 1.234567 }],
    ['RFC 5424', `<6>1 2026-11-21T08:18:39.1Z host kernel - - - ${said}`, { ident: 'kernel' }],
    ['export', `MESSAGE=${said}`, {}],
    [
      'json',
      JSON.stringify({ _HOSTNAME: 'h', MESSAGE: said, SYSLOG_IDENTIFIER: 'kernel' }),
      { ident: 'kernel' },
    ],
    ['json, bytes', JSON.stringify({ MESSAGE: [...said].map((c) => c.charCodeAt(0)) }), {}],
    ['a quoted mail', `> > [    1.234567] ${said}`, { stamp: 1.234567 }],
    ['nothing', said, {}],
  ])('%s', (_, text, more) => expect(unwrap(text)).toEqual({ message: said, ...more }));
});

test('another program is named', () => {
  const line = unwrap('Nov 21 08:18:39 pve QEMU[1234]: kvm: vfio_err_notifier_handler(0000:01:10.0) x');
  expect(line).toEqual({ ident: 'QEMU', message: 'kvm: vfio_err_notifier_handler(0000:01:10.0) x' });
  expect(unwrap('2026-11-21T08:18:39.123456Z qemu-system-x86_64: vfio: x').message).toBe(
    'qemu-system-x86_64: vfio: x',
  );
  expect(unwrap('2026-11-21 08:18:39.123+0000: starting up libvirt version: 9').message).toBe(
    'starting up libvirt version: 9',
  );
});

test.each([
  ['[1.0] **genirq: x**  ', '[1.0] genirq: x  '],
  ['  **g****lobal_available = 0**,', '  global_available = 0,'],
  ['`[22464.094873] snd', '[22464.094873] snd'],
  ['irq 19: (&quot;irqpoll&quot;)<br/>', 'irq 19: ("irqpoll")'],
  ['[&lt;0000&gt;] f', '[<0000>] f'],
  ['[<00000000>] usb_hcd_irq', '[<00000000>] usb_hcd_irq'],
])('%s is plain %s', (from, to) => expect(plainText(from)).toBe(to));
