/**
 * The line layer of a kernel log: takes away what the console adds (time prefix of the harness, carriage
 * returns, terminal escapes, level, time stamp, caller) and pulls apart records that share one line.
 */
import type { SourceLine } from '../source.ts';

export interface KernelLine extends SourceLine {
  /** The message alone. */
  message: string;
  /** printk time stamp in seconds since that kernel's boot. */
  stamp?: number;
  /** Log level 0..7, where the log shows it (`<6>`). */
  level?: number;
  /** Boot of the machine this line belongs to, counted from 0: a reset guest starts its clock again. */
  boot: number;
}

// A stamp is `[    1.234567]`; the caller (CONFIG_PRINTK_CALLER) follows as `[ T123]` or `[ C1]`.
const stamp = /(?:<(\d{1,3})>)?\[ {0,12}(\d{1,10}\.\d{6})\](?:\[ {0,6}[TC]\d{1,10}\])? ?/g;
// /dev/kmsg records: level,sequence,microseconds,flags;text
const kmsg = /^(\d{1,4}),\d{1,12},(\d{1,18}),[^;]{0,40};/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are what we remove
const escapes = /\x1b(?:\[[0-9;?]{0,32}[A-Za-z]|[()][A-Z0-9]|[=>78cM])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what we remove
const controls = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Without carriage returns, terminal escapes and other control bytes; tabs stay. */
export function clean(text: string): string {
  return text.search(controls) < 0 ? text : text.replace(escapes, '').replace(controls, '');
}

/** Records in one source line; usually one, none for an empty line. Never throws. */
export function kernelRecords(source: SourceLine): Omit<KernelLine, 'boot'>[] {
  const text = clean(source.text);
  if (text.trim() === '') return [];
  const record = kmsg.exec(text);
  if (record) {
    return [
      {
        ...source,
        message: text.slice(record[0].length),
        level: Number(record[1]) & 7,
        stamp: Number(record[2]) / 1e6,
      },
    ];
  }
  const found = [...text.matchAll(stamp)];
  if (found.length === 0) return [{ ...source, message: text }];
  const records: Omit<KernelLine, 'boot'>[] = [];
  const before = text.slice(0, found[0]!.index).trim();
  // What stands before the first stamp is someone else's output (a shell, another CPU's cut line).
  if (before !== '') records.push({ ...source, message: before });
  for (const [index, match] of found.entries()) {
    const message = text.slice(match.index + match[0].length, found[index + 1]?.index).trimEnd();
    const one: Omit<KernelLine, 'boot'> = { ...source, message, stamp: Number(match[2]) };
    if (match[1] !== undefined) one.level = Number(match[1]) & 7;
    records.push(one);
  }
  return records;
}

/** A stamp that falls back by more than this many seconds means another boot, not two CPUs out of order. */
const bootGap = 1;

/**
 * All records of a log in order, with the boot they belong to.
 * @param resets harness times (seconds) at which QEMU reset the machine: a quiet console shows little of a new
 *   boot, and its first line may well carry a later stamp than the last one of the boot before
 */
export function kernelLines(sources: Iterable<SourceLine>, resets: readonly number[] = []): KernelLine[] {
  const lines: KernelLine[] = [];
  let boot = 0;
  let latest = -1;
  let arrived: number | undefined;
  let printed = new Set<string>();
  for (const source of sources) {
    for (const record of kernelRecords(source)) {
      if (record.stamp !== undefined) {
        const key = `${record.stamp} ${record.message}`;
        // A log that is printed once more (someone runs dmesg on the console) is no new boot.
        const again = printed.has(key);
        const fellBack = record.stamp < latest - bootGap && !again;
        if (fellBack || (arrived !== undefined && wasReset(resets, arrived, record.arrived))) {
          boot += 1;
          latest = -1;
          printed = new Set();
        }
        printed.add(key);
        latest = Math.max(latest, record.stamp);
        arrived = record.arrived ?? arrived;
      }
      lines.push({ ...record, boot });
    }
  }
  return lines;
}

function wasReset(resets: readonly number[], from: number, to: number | undefined): boolean {
  return to !== undefined && resets.some((t) => t > from && t <= to);
}

export interface DeviceMessage {
  /** First word: the bound driver, or `pci` where there is none. */
  driver: string;
  /** 0000:01:00.0 */
  device: string;
  /** What follows `<driver> <bdf>[ <interface>]: `. */
  rest: string;
}

const bdf = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/;

/** Reads `igb 0000:01:00.0 eth0: text` (dev_printk and netdev_printk). */
export function deviceMessage(message: string): DeviceMessage | undefined {
  const space = message.indexOf(' ');
  if (space <= 0 || space > 64) return undefined;
  const address = bdf.exec(message.slice(space + 1, space + 24))?.[0];
  if (address === undefined) return undefined;
  const after = space + 1 + address.length;
  const colon = message.indexOf(':', after);
  // Only an interface name may stand between the address and the colon.
  if (colon < 0 || colon - after > 24) return undefined;
  const rest = message.slice(colon + 1);
  return {
    driver: message.slice(0, space),
    device: address,
    rest: rest.startsWith(' ') ? rest.slice(1) : rest,
  };
}
