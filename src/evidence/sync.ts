/**
 * A moment that both traces hold. The guest writes a mark into its trace, then a read-only configuration register of
 * the host bridge, then the mark again: QEMU traced the register write between the two, which ties the clocks to
 * within the distance of the marks, some ten microseconds.
 */

/** `00:00.0`, its device and vendor ID: a write there changes nothing and is traced. */
export const syncFunction = '00:00.0';
/** What stands in the low half of the value. */
export const syncMagic = 0x4656;

/** Number of the mark that a configuration write stands for. */
export function syncWrite({
  bdf,
  offset,
  value,
}: {
  bdf: string;
  offset: number;
  value: number;
}): number | undefined {
  if (bdf !== syncFunction || offset !== 0 || value % 0x10000 !== syncMagic) return undefined;
  return Math.floor(value / 0x10000);
}

const mark = /^vflab-sync (\d{1,5}) ([<>])$/;

/** A line of the guest's trace: `<` stands before the write, `>` behind it. */
export function syncMark(text: string): { number: number; side: 'before' | 'after' } | undefined {
  const m = mark.exec(text);
  return m ? { number: Number(m[1]), side: m[2] === '<' ? 'before' : 'after' } : undefined;
}

/**
 * Shell words that make mark `number` (0..65535), without starting a process between its two sides.
 * The value is written as four bytes at once: the kernel makes one 32-bit write of it (drivers/pci/pci-sysfs.c
 * pci_write_config).
 */
export function syncCommand(number: number): string {
  const byte = (value: number) => `\\${value.toString(8).padStart(3, '0')}`;
  const value = [0x56, 0x46, number % 256, Math.floor(number / 256)].map(byte).join('');
  const marker = '/sys/kernel/tracing/trace_marker';
  const config = `/sys/bus/pci/devices/0000:${syncFunction}/config`;
  return (
    `echo 'vflab-sync ${number} <' > ${marker}; printf '${value}' > ${config}; ` +
    `echo 'vflab-sync ${number} >' > ${marker}`
  );
}
