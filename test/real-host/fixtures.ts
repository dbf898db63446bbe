/** A host with one igb below a root port, as `listFunctions` and the inventory's script tell of it. */
import { parseFunctions } from '../../src/guest/pci.ts';
import { type Inventory, parseInventory } from '../../src/real-host/inventory.ts';

const sysfs = `0000:00:04.0|/sys/devices/pci0000:00/0000:00:04.0|0x1b36|0x000c|pcieport|1|1|0|
0000:01:00.0|/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.0|0x8086|0x10c9|igb|4|1|0|`;

const script = `kernel 6.12.117+deb13-amd64
uid 0
kvm
module igb
module kvm_amd
available vfio-pci
available aer_inject
available igb
control ctl0
used ctl0
listen 0016
function 0000:00:04.0 060400 0 0 1
function 0000:01:00.0 020000 7 0 1 eth0
`;

/** @param more Lines that the script would have printed too. */
export function inventory(more = '', moreFunctions = ''): Inventory {
  return parseInventory(script + more, parseFunctions(`${sysfs}\n${moreFunctions}`));
}

export const state = [
  'aer 0000:00:04.0 mask 00000000 severity 00462030 correctable-mask 00002000',
  'aer 0000:01:00.0 mask 00000000 severity 00462030 correctable-mask 00002000',
  'aer-lines 0000:01:00.0/aer/correctable_ratelimit_burst 10',
  'aer-lines 0000:01:00.0/aer/nonfatal_ratelimit_burst 20',
  'link eth0 down',
  'sriov_drivers_autoprobe 0000:01:00.0 1',
  'sriov_numvfs 0000:01:00.0 0',
  'sysctl arp_announce 0',
  'sysctl arp_ignore 0',
];
