/** A lab of two functions on one line; the customer's cards are stood in for by what QEMU emulates. */
import type { LabSketch } from '../types.ts';

/** @param holderIsHost the line belongs to a driver of the host, not to another VM */
export function intxLab(holderIsHost: boolean): LabSketch {
  const holder = holderIsHost ? { usb0: { kind: 'uhci', slot: 6 } } : { card0: { kind: 'edu', slot: 5 } };
  return {
    available: true,
    scale: holderIsHost
      ? 'a NIC and a USB controller of the host on line 21; nointxmask=1 stands for the kernel’s list of cards'
      : 'two cards and two VMs on line 21; nointxmask=1 stands for the kernel’s list of cards',
    lab: {
      title: 'A VM does not start, because another function is on the interrupt line of its own',
      failure: 'vfio-intx-conflict',
      host: {
        nointxmask: true,
        devices: { ...holder, card1: { kind: 'e1000', slot: 9, network: '10.0.9.0/24' } },
      },
      guests: {
        ...(holderIsHost ? {} : { vm0: { passthrough: ['card0'] } }),
        vm1: { passthrough: ['card1'] },
      },
      remedies: {
        'can-mask': { title: 'functions that are believed to mask their INTx', host: { nointxmask: false } },
        'other-slot': { title: 'the card in another slot', host: { devices: { card1: { slot: 10 } } } },
      },
      variants: {
        conflict: { expect: { verdict: 'reproduced' } },
        'can-mask': { remedy: 'can-mask', expect: { verdict: 'clean', remedy: 'prevented' } },
        'other-slot': { remedy: 'other-slot', expect: { verdict: 'clean', remedy: 'prevented' } },
      },
    },
  };
}
