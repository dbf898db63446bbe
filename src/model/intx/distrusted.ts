/**
 * Functions whose INTx the kernel does not believe to be maskable, whatever their command register answers. Source:
 * drivers/pci/quirks.c, quirk_broken_intx_masking and mellanox_check_broken_intx_masking(), and
 * drivers/vfio/pci/vfio_pci_core.c, vfio_pci_nointx(); read in 6.1, 6.12 and 7.2.
 */

/**
 * `no`: on no list. `distrusted`: vfio takes the line alone. `hidden`: vfio shows the function without a pin, so nobody
 * asks for the line; with nointxmask=1 it does not look at that list. `firmware`: depends on the card's firmware.
 */
export type Trust = 'no' | 'distrusted' | 'hidden' | 'firmware';

const chelsio = ['1425:0030'];
const ralink = ['1814:0601'];
const ceton = ['1b7c:0004'];
const creative = ['1102:000b'];
const realtek = ['10ec:8169'];
/** ConnectX to ConnectX-3 Pro; a ConnectX-4 is asked for its firmware's version. */
const mellanox = '1003 1007 6340 634a 6354 6368 6372 6732 673c 6746 6750 675a 6764 676e'
  .split(' ')
  .map((id) => `15b3:${id}`);
const byFirmware = ['15b3:1013', '15b3:1015'];
/** Intel X710, XL710, XXV710, X722; the X550 is on vfio's list only. */
const i40e = '1572 1574 1580 1581 1583 1584 1585 1586 1587 1588 1589 158a 158b 37d0 37d1 37d2'
  .split(' ')
  .map((id) => `8086:${id}`);
const x550 = ['8086:1563'];

const distrusted = new Set([...chelsio, ...ralink, ...ceton, ...creative, ...realtek, ...mellanox]);
const hidden = new Set([...i40e, ...x550]);

/** @param vendor @param device four lower-case hexadecimal digits each, as in `lspci -nn` */
export function intxTrust(vendor: string, device: string): Trust {
  const id = `${vendor}:${device}`;
  if (hidden.has(id)) return 'hidden';
  if (distrusted.has(id)) return 'distrusted';
  return byFirmware.includes(id) ? 'firmware' : 'no';
}

const names = /ConnectX-?(?:EN|2|3)|MT27(?:50|52)\d|\bT310\b|RTL8169|RT2800|InfiniTV|20K2/;
const hiddenNames = /\bX(?:L|XV)?710\b|\bX722\b|\bX550\b/;

/** The same from lspci's words for a function, where its listing has no numbers. */
export function intxTrustByName(title: string): Trust {
  const numbers = /\[([0-9a-f]{4}):([0-9a-f]{4})\]/.exec(title);
  if (numbers) return intxTrust(numbers[1]!, numbers[2]!);
  if (hiddenNames.test(title)) return 'hidden';
  if (names.test(title)) return 'distrusted';
  return /ConnectX-4/.test(title) ? 'firmware' : 'no';
}
