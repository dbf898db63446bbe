/**
 * Takes from a line of a log what others put before and around the message: journalctl in its output modes,
 * syslog, dmesg's own time formats, Proxmox and libvirt, quoting, Markdown and HTML copies. All linear.
 */

export interface Unwrapped {
  message: string;
  /** printk's stamp, seconds. */
  stamp?: number;
  /** Who says it, where the wrapper tells: `kernel`, `QEMU`, `sshd`. */
  ident?: string;
}

const stamp = /^(?:<\d{1,3}>)?\[? {0,12}(\d{1,10}\.\d{6})\](?:\[ {0,6}[TC]\d{1,10}\])? ?/;

/** A quoted mail. */
const quote = /^(?:> ?){1,8}/;

/** Each is tried at the beginning, over and over until none fits any more. No source stands behind these. */
const wrappers: readonly RegExp[] = [
  quote,
  // `dmesg -x`
  /^(?:kern|user|daemon|syslog) {0,3}:(?:emerg|alert|crit|err|warn|notice|info|debug) {0,3}: /,
  // `dmesg -T`, in whatever language, and `dmesg -e`, `-d`
  /^\[[^\][]{9,30} \d{4}\] ?/,
  /^\[[A-Z][a-z]{2} {0,2}\d{1,2} \d{2}:\d{2}\] ?/,
  /^\[ {0,12}[+<] {0,12}\d{1,10}\.\d{6}>?\] ?/,
  // `dmesg --time-format iso`, libvirt, QEMU's -msg timestamp=on
  /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2},\d{1,9}(?:[+-]\d{2}:\d{2})? /,
  /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{4}: /,
  // RFC 5424
  /^<\d{1,3}>1 (?=\S{10,40} \S{1,255} \S{1,48} )/,
  // the console as our own harness records it
  /^\d{1,7}\.\d{6} (?=\[|\d{4}-)/,
  /^MESSAGE=/,
];
/** Behind these the host and the program stand. */
const dates: readonly RegExp[] = [
  // journalctl short and syslog: the month in any language. Some write the year behind it.
  /^\S{2,10} {1,2}\d{1,2} (?:\d{4} )?\d{2}:\d{2}:\d{2}(?:\.\d{1,9})? /,
  // journalctl short-iso, rsyslog; QEMU's own log, which has no source
  /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z| ?[+-]\d{2}:?\d{2})? /,
  // journalctl short-full and short-unix
  /^[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [A-Z]{2,5} /,
  /^\d{9,10}\.\d{6} /,
];
const anySource = /^[\w.-]{1,255} ([A-Za-z_][\w@./()-]{0,63})(?:\[\d{1,8}\])?: /;
// Behind printk's stamp (journalctl short-monotonic) a driver and its device look the same as a host and a program.
const sureSource = /^[\w.-]{1,255} (kernel|[A-Za-z_][\w@./-]{0,63}(?=\[\d{1,8}\]))(?:\[\d{1,8}\])?: /;
const rfc5424 = /^\S{10,40} \S{1,255} (\S{1,48}) \S{1,128} \S{1,32} (?:-|\[[^\]]{0,400}\]) ?/;

const marks: readonly [RegExp, string][] = [
  [/\*\*|<\/?(?:b|i|em|strong|code|pre|span|p|br|div|font)(?: [^<>]{0,80})?\/?>/gi, ''],
  [/&quot;|&#34;/g, '"'],
  [/&apos;|&#39;/g, "'"],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
  [/&nbsp;|\xa0/g, ' '],
  [/&amp;/g, '&'],
];

/** A date, and no program behind it: anybody's line, not yet a kernel log. */
export function isBareDate(text: string): boolean {
  return dates.some((date) => date.test(text));
}

/** Undoes what a copy into Markdown, HTML or a mail does. Latin-1 text: each character is a byte. */
export function plainText(text: string): string {
  let plain = text;
  // UTF-8's no-break space, as latin1 shows it.
  if (plain.includes('\xc2\xa0')) plain = plain.replaceAll('\xc2\xa0', ' ');
  if (/[*<&\xa0]/.test(plain)) for (const [from, to] of marks) plain = plain.replace(from, to);
  if (plain.startsWith('>')) plain = plain.replace(quote, '');
  return plain.includes('`') ? plain.replace(/^( {0,8})`{1,3}/, '$1').replace(/`{1,3}$/, '') : plain;
}

/** @param text a line without control characters and escapes */
export function unwrap(text: string): Unwrapped {
  const line: Unwrapped = journalJson(text) ?? { message: text };
  for (let turns = 0; turns < 6; turns += 1) if (!takeOne(line)) break;
  line.message = line.message.trim();
  return line;
}

function takeOne(line: Unwrapped): boolean {
  const { message } = line;
  let m = stamp.exec(message);
  if (m) {
    line.stamp ??= Number(m[1]);
    line.message = message.slice(m[0].length);
    takeSource(line, sureSource);
    return true;
  }
  for (const date of dates) {
    m = date.exec(message);
    if (!m) continue;
    line.message = message.slice(m[0].length);
    takeSource(line, anySource);
    return true;
  }
  for (const wrapper of wrappers) {
    m = wrapper.exec(message);
    if (!m) continue;
    line.message = message.slice(m[0].length);
    if (m[0].startsWith('<')) takeSource(line, rfc5424);
    return true;
  }
  return false;
}

function takeSource(line: Unwrapped, pattern: RegExp): void {
  const m = line.ident === undefined ? pattern.exec(line.message) : null;
  if (!m) return;
  line.ident = m[1]!;
  line.message = line.message.slice(m[0].length);
}

/** A line of `journalctl -o json`; journald writes bytes as a list where they are no UTF-8. */
function journalJson(text: string): Unwrapped | undefined {
  if (!text.startsWith('{') || !text.includes('"MESSAGE"')) return undefined;
  try {
    const { MESSAGE: said, SYSLOG_IDENTIFIER: ident } = JSON.parse(text) as Record<string, unknown>;
    const message = Array.isArray(said)
      ? String.fromCharCode(...said.slice(0, 4096).map(Number))
      : typeof said === 'string'
        ? said
        : undefined;
    if (message === undefined) return undefined;
    return typeof ident === 'string' ? { message, ident } : { message };
  } catch {
    return undefined;
  }
}
