/** The kernel log of a running Linux as it is written, in place of a serial console. */

/**
 * One record of /dev/kmsg → a line as the console prints it: `[    5.123456] text`. Format:
 * Documentation/ABI/testing/dev-kmsg (`prefix,sequence,microseconds,flags;text`, then ` KEY=value` lines).
 * @returns undefined for the lines that follow a record
 */
export function consoleLine(record: string): string | undefined {
  const match = /^(\d+),\d+,(\d+),[^;]*;(.*)$/.exec(record);
  if (!match) return undefined;
  const us = match[2]!.padStart(7, '0');
  const seconds = us.slice(0, -6).padStart(5);
  // Bytes that are no text come as \x0a and the like; they stay as they are.
  return `[${seconds}.${us.slice(-6)}] ${match[3]}`;
}
