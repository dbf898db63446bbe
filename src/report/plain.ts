/**
 * Evidence as one harmless line. Consoles are full of escape sequences and control characters, by accident or
 * not; none may reach a terminal, an XML file or a CI annotation.
 */

const esc = '\u001b';

// CSI (colours, cursor), OSC (titles, links), and the two-character sequences. Each alternative is linear.
const ansi = new RegExp(
  `${esc}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007${esc}]*(?:\\u0007|${esc}\\\\)?|[@-Z\\\\-_])`,
  'g',
);

/** C0 and C1 controls, lone surrogates, non-characters, and the marks that turn text around. */
const controls = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** Line breaks and tabs become spaces. */
export function plainLine(text: string): string {
  return text
    .replaceAll(ansi, '')
    .replaceAll(/[\t\r\n]+/g, ' ')
    .replaceAll(controls, '')
    .trimEnd();
}

/** As {@link plainLine}, keeping the lines. */
export function plainText(text: string): string {
  return text.split(/\r?\n/).map(plainLine).join('\n');
}
