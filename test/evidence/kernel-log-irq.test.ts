/** Lines of virtio, genirq, the spurious detector and the vectors, in the wordings of 4.14 to 6.18. */
import { describe, expect, test } from 'vitest';
import { parseKernelMessage } from '../../src/evidence/kernel-log/parse.ts';

const lines: [string, object][] = [
  [
    'virtio_blk: probe of virtio132 failed with error -28',
    { kind: 'virtio-probe-failed', driver: 'virtio_blk', device: 'virtio132', errno: -28 },
  ],
  [
    'virtio_blk virtio132: probe with driver virtio_blk failed with error -28',
    { kind: 'virtio-probe-failed', driver: 'virtio_blk', device: 'virtio132', errno: -28 },
  ],
  ['virtio_blk: probe of virtio418 failed with error -16', { kind: 'virtio-probe-failed', errno: -16 }],
  [
    'virtio_blk virtio3: 2/0/0 default/read/poll queues',
    { kind: 'virtio-blk-queues', device: 'virtio3', default: 2, read: 0, poll: 0 },
  ],
  [
    'virtio_blk virtio3: [vdafj] 2048 512-byte logical blocks (1.05 MB/1.00 MiB)',
    { kind: 'virtio-blk-disk', device: 'virtio3', disk: 'vdafj' },
  ],
  [
    'virtio-pci 0000:b3:00.0: virtio_pci: leaving for legacy driver',
    { kind: 'virtio-legacy', device: '0000:b3:00.0' },
  ],
  // The function's own probe, not the virtio device's.
  [
    'virtio-pci: probe of 0000:b3:00.0 failed with error -16',
    { kind: 'probe-failed', driver: 'virtio-pci', device: '0000:b3:00.0', errno: -16 },
  ],
  [
    'genirq: Flags mismatch irq 0. 00000080 (virtio418) vs. 00015a00 (timer)',
    {
      kind: 'flags-mismatch',
      irq: 0,
      newFlags: 0x80,
      newName: 'virtio418',
      oldFlags: 0x15a00,
      oldName: 'timer',
    },
  ],
  [
    'genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 (i801_smbus)',
    {
      kind: 'flags-mismatch',
      irq: 16,
      newFlags: 0,
      newName: 'vfio-intx(0000:01:00.0)',
      oldName: 'i801_smbus',
    },
  ],
  ['irq 19: nobody cared (try booting with the "irqpoll" option)', { kind: 'nobody-cared', irq: 19 }],
  ['handlers:', { kind: 'irq-handlers' }],
  [
    '[<000000003a5f6c1e>] usb_hcd_irq [usbcore]',
    { kind: 'irq-handler', handler: 'usb_hcd_irq', module: 'usbcore' },
  ],
  [
    '[<0000000000000000>] irq_default_primary_handler threaded [<00000000a1b2c3d4>] usb_hcd_irq',
    { kind: 'irq-handler', handler: 'irq_default_primary_handler', thread: 'usb_hcd_irq' },
  ],
  ['[<(____ptrval____)>] i801_isr [i2c_i801]', { kind: 'irq-handler', handler: 'i801_isr' }],
  ['Disabling IRQ #19', { kind: 'irq-disabled', irq: 19 }],
  ['irq event 19: bogus return value ffffffff', { kind: 'bogus-return', irq: 19, value: 0xffffffff }],
  ['Misrouted IRQ fixup and polling support enabled', { kind: 'spurious-option', option: 'irqpoll' }],
  ['Misrouted IRQ fixup support enabled.', { kind: 'spurious-option', option: 'irqfixup' }],
  ['IRQ lockup detection disabled', { kind: 'spurious-option', option: 'noirqdebug' }],
  ['Interrupt reservation exceeds available resources', { kind: 'reservation-exceeds' }],
  ['do_IRQ: 1.38 No irq handler for vector (irq -1)', { kind: 'no-irq-handler', cpu: 1, vector: 38 }],
  ['do_IRQ: 20.35 No irq handler for vector', { kind: 'no-irq-handler', cpu: 20, vector: 35 }],
  ['common_interrupt: 1.38 No irq handler for vector', { kind: 'no-irq-handler', cpu: 1, vector: 38 }],
  ['__common_interrupt: 1.38 No irq handler for vector', { kind: 'no-irq-handler', cpu: 1, vector: 38 }],
  ['No irq handler for 1.38', { kind: 'no-irq-handler', cpu: 1, vector: 38 }],
  ['irq 27: Affinity broken due to vector space exhaustion.', { kind: 'affinity-broken', irq: 27 }],
  ['Managed startup for irq 27, but no CPU', { kind: 'managed-startup-failed', irq: 27, why: 'no-cpu' }],
  [
    'Managed startup irq 27, no vector available',
    { kind: 'managed-startup-failed', irq: 27, why: 'no-vector' },
  ],
  [
    'CPU 3 has 40 vectors, 12 available. Cannot disable CPU',
    { kind: 'cpu-offline-refused', cpu: 3, vectors: 40, available: 12 },
  ],
  [
    'Reserved vectors 151 > available 12. IRQ request may fail',
    { kind: 'reserved-over-available', reserved: 151, available: 12 },
  ],
  ['IRQ27: set affinity failed(-28).', { kind: 'set-affinity-failed', irq: 27, errno: -28 }],
];

test.each(lines)('%s', (text, fact) => {
  expect(parseKernelMessage(text)).toMatchObject(fact);
});

describe('no fact of interrupts in', () => {
  test.each([
    'virtio_blk virtio3: cache is write back',
    'virtio_net virtio0 enp0s1: renamed from eth0',
    'genirq: irq_chip IO-APIC did not update eff. affinity mask of irq 2',
    'handlers: 4 registered',
    'pr_emerg_ratelimited("%s: %d.%u No irq handler for vector\\n",',
    'pr_err("Flags mismatch irq %d. %08x (%s) vs. %08x (%s)\\n",',
    'irq 19: somebody cared',
  ])('%s', (text) => expect(parseKernelMessage(text)).toBeUndefined());
});
