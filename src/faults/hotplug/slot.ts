/** A port's slot on the host: what is in it, whether it is at rest, and how a card is pulled out of it. */
import type { LinuxMachine } from '../../guest/linux.ts';

/** Looks a tenth of a second apart; a loop of its own bound never outlives its caller for long. */
function until(condition: string, looks: number): string {
  return `for look in $(seq ${looks}); do ${condition} && break; sleep 0.1; done; ${condition}`;
}

/** The function in a port: `0000:02:00.0`. Waits for it and its driver; undefined when they do not come. */
export async function awaitCard(
  host: LinuxMachine,
  port: string,
  looks: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const card = `/sys/bus/pci/devices/${port}/0000:??:00.0`;
  const { exitCode, stdout } = await host.run(
    `${until(`[ -e ${card}/driver ]`, looks)} && d=$(echo ${card}) && echo \${d##*/}`,
    signal,
  );
  return exitCode === 0 ? stdout.trim() : undefined;
}

/**
 * The slot is empty and pciehp is done with it: the power indicator is off (remove_board() turns it off last, a second
 * after the power) and its thread sleeps. What is plugged in before that is taken out again (src/model/hotplug/slot.ts).
 * A slot that ACPI drives has neither, and is at rest when the function is gone.
 */
export async function awaitRest(
  host: LinuxMachine,
  port: string,
  looks: number,
  signal: AbortSignal,
): Promise<boolean> {
  const gone = `! ls -d /sys/bus/pci/devices/${port}/0000:??:??.? >/dev/null 2>&1`;
  const isPciehp = `[ -e /sys/bus/pci_express/drivers/pciehp/${port}:pcie* ]`;
  const dark = `[ $((0x$(setpci -s ${port} CAP_EXP+18.w) & 0x300)) = 768 ]`;
  const idle = `! grep -l pciehp /proc/[0-9]*/comm 2>/dev/null | while read -r f; do grep '^State:.[DR]' \${f%comm}status; done | grep -q .`;
  const { exitCode } = await host.run(
    `at_rest() { ${gone} && { ! ${isPciehp} || { ${dark} && ${idle}; }; }; }; ${until('at_rest', looks)}`,
    signal,
  );
  return exitCode === 0;
}

/**
 * Who reads a disk and who pulls it are on one CPU, so that no doorbell is being written while the card is taken away:
 * QEMU's nvme does not survive that (quirk `heap-corrupted`).
 */
export const onOneCpu = 'taskset -c 0';

/**
 * Pulls the card. QEMU drops a device when the slot's power controller and power indicator are both off (hw/pci/pcie.c,
 * pcie_cap_slot_write_config()); the interrupt is held back meanwhile (HPIE), and power is back before pciehp looks, for
 * a slot without power is one that it has nothing to do with ("Already disabled", pciehp_ctrl.c
 * __pciehp_disable_slot()). What it then finds is a slot with power and an empty seat.
 * @param disk a function whose disk is read: its interrupt is held back until a request is in flight that nobody will
 * answer, which else depends on who is faster, the reader or pciehp
 */
export function pullCommand(port: string, disk?: string): string {
  const set = (word: string) => `${onOneCpu} setpci -s ${port} CAP_EXP+18.w=${word}:0720`;
  if (disk === undefined) return `${set('0700')} CAP_EXP+18.w=0120:0720`;
  const dir = `/sys/bus/pci/devices/${disk}`;
  const inFlight = `cat ${dir}/virtio*/block/*/inflight ${dir}/nvme/nvme*/nvme*n1/inflight 2>/dev/null | grep -q '[1-9]'`;
  return `${set('0700')}; ${until(inFlight, 20)}; ${set('0120')}`;
}

/** PDS of the slot's status: QEMU clears it when it takes the card away, at once (hw/pci/pcie.c, pcie_cap_slot_do_unplug()). */
export async function isSeatEmpty(host: LinuxMachine, port: string, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await host.run(`[ $((0x$(setpci -s ${port} CAP_EXP+1a.w) & 0x40)) = 0 ]`, signal);
  return exitCode === 0;
}

/** `power` of the slot whose device address is this function's, in sysfs. */
export function powerOffCommand(card: string): string {
  const address = card.replace(/\.0$/, '');
  return `for s in /sys/bus/pci/slots/*; do read -r a < $s/address; [ $a = ${address} ] && echo 0 > $s/power; done; :`;
}
