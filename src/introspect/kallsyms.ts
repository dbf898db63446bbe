/**
 * /proc/kallsyms (kernel/kallsyms.c, s_show()): `ffffffff82e3d560 D __cpu_possible_mask`, with a module's name in
 * brackets behind it. Addresses are those of this boot, as KASLR chose them.
 */

/** Symbols by name; of several with one name, the first. A module's are left out. */
export type Symbols = ReadonlyMap<string, bigint>;

/** Lines that are none of kallsyms are passed over. Never throws. */
export function parseKallsyms(text: string): Symbols {
  const symbols = new Map<string, bigint>();
  for (const line of text.split('\n')) {
    const m = /^([0-9a-f]{8,16}) \w (\S{1,512})\r?$/.exec(line);
    if (m && !symbols.has(m[2]!)) symbols.set(m[2]!, BigInt(`0x${m[1]}`));
  }
  return symbols;
}
