/** Words for a POSIX shell: here, in a machine, or in a script that a person runs. */

/** A word as sh reads it back, whatever is in it. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function quoteCommand(command: readonly string[]): string {
  return command.map(quote).join(' ');
}
