/**
 * A function's INTx as a booted Linux shows it: its pin, its line, and whether DisINTx of the command register can be
 * set. That last is what drivers/pci/probe.c, pci_intx_mask_broken() does when it finds the function.
 */
import type { IntxProbe } from '../evidence/record.ts';

const disIntx = 0x400;

/** vfio_pci's own parameter; nothing where the module is not there. */
export const nointxmaskCommand = 'cat /sys/module/vfio_pci/parameters/nointxmask 2>/dev/null';

/**
 * One line of output. The bit alone is written, and taken back, also when the shell is told to end in between; where it
 * is set already nothing is written. A function without a driver is enabled for a moment, for only then does the kernel
 * route its pin to a line (drivers/acpi/pci_irq.c, acpi_pci_irq_enable()); its command register is put back whole.
 */
export function probeScript(bdf: string): string {
  return `b=${bdf}; d=/sys/bus/pci/devices/$b; c() { setpci -s $b COMMAND$1; }
drv=$(readlink $d/driver); first=$(cat $d/irq)
if [ -z "$drv" ] && [ "$(cat $d/enable)" = 0 ]; then
  all=$(c); trap 'c =$all' HUP INT TERM; echo 1 > $d/enable; irq=$(cat $d/irq); echo 0 > $d/enable; c =$all; trap - HUP INT TERM
else irq=$first; fi
pin=$(setpci -s $b INTERRUPT_PIN); before=$(c); set=$before
if [ $((0x$before & ${disIntx})) = 0 ]; then
  trap 'c =0:400' HUP INT TERM; c =400:400; set=$(c); c =0:400; trap - HUP INT TERM
fi
after=$(c); read -r ven < $d/vendor; read -r dev < $d/device
msi=0; [ -d $d/msi_irqs ] && grep -qx msi $d/msi_irqs/* 2>/dev/null && msi=1
echo "$b|\${drv##*/}|$ven|$dev|$pin|$first|$irq|$msi|$before|$set|$after"`;
}

/** @throws {Error} where the text is not what the script prints */
export function parseProbe(text: string): IntxProbe {
  const fields = text.trim().split('|');
  if (fields.length !== 11) throw new Error(`not an INTx probe: ${JSON.stringify(text.slice(0, 200))}`);
  const [bdf, driver, vendor, device, pin, unrouted, irq, msi, before, set, after] = fields as string[];
  const hex = (word: string | undefined) => Number.parseInt(word ?? '', 16);
  return {
    bdf: bdf!,
    ...(driver ? { driver } : {}),
    vendor: vendor!.replace('0x', ''),
    device: device!.replace('0x', ''),
    pin: hex(pin),
    irq: Number(irq),
    firmwareIrq: Number(unrouted),
    msi: msi === '1',
    command: { before: hex(before), set: hex(set), after: hex(after) },
  };
}
