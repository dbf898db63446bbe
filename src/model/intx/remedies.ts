/** What helps against a line that is not shared, and what it costs. The lab vfio-intx-conflict runs all but the last, and but for running one VM at a time. */

import type { Masking } from './foresee.ts';

export interface Advice {
  what: string;
  cost: string;
}

export interface Situation {
  /** The line belongs to a driver of the host, not to vfio-pci. */
  holderIsHost: boolean;
  /** `uhci_hcd:usb1`, `0000:04:00.0`; absent: not known. */
  holder?: string;
  /** Why vfio-pci wants the line alone. */
  masking?: Masking;
}

export function intxRemedies({ holderIsHost, holder = 'the other user', masking }: Situation): Advice[] {
  return [
    ...(masking === 'nointxmask'
      ? [
          {
            what: 'load vfio-pci without nointxmask=1, so that functions which mask their INTx share the line',
            cost: 'somebody set it for a reason: a device that claims DisINTx and does not obey it floods the line',
          },
        ]
      : []),
    {
      what: 'move one of the two cards to another slot, so that its pin is wired to another line',
      cost: 'hands on the machine; which slots differ is the board’s secret (compare the irq files in sysfs)',
    },
    {
      what: 'pass a VF through instead of the function: a VF has no pin, so no INTx is requested',
      cost: 'needs SR-IOV in firmware and BIOS',
    },
    ...(holderIsHost
      ? [
          {
            what: `unbind ${holder} from its driver, or take its device out (echo 1 > /sys/bus/pci/devices/…/remove), before the VM starts`,
            cost: 'that device is gone from the host',
          },
        ]
      : [
          {
            what: 'leave the other function to a host driver that uses MSI-X, or do not run both VMs at a time',
            cost: 'only one of the two can be passed through',
          },
        ]),
    {
      what: 'a host kernel without CONFIG_VFIO_PCI_INTX: vfio then shows functions without a pin',
      cost: 'a kernel of your own; guests that need INTx (some boot firmware) lose it',
    },
  ];
}
