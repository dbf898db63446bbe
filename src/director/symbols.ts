/** Symbols of a kernel and its modules: where each begins, and where the next one does. */

export interface CodeSymbol {
  address: bigint;
  /** Where the next one begins; absent where the lines do not tell. */
  end?: bigint;
  module?: string;
}

/**
 * From lines of /proc/kallsyms, each wanted one with the line behind it: the kernel's own are in order of address
 * (scripts/kallsyms.c sorts them), a module's are not. Of several with one name, the first. Never throws.
 */
export function parseCodeSymbols(text: string): Map<string, CodeSymbol> {
  const symbols = new Map<string, CodeSymbol>();
  /** Those of the lines before, all of one address. */
  let open: CodeSymbol[] = [];
  for (const line of text.split('\n')) {
    const m = /^([0-9a-f]{8,16}) \w (\S{1,512})(?:\t\[(\w{1,64})\])?\r?$/.exec(line);
    if (!m) {
      open = [];
      continue;
    }
    const [, hex, name, module] = m;
    const address = BigInt(`0x${hex}`);
    const symbol: CodeSymbol = { address, ...(module ? { module } : {}) };
    if (!symbols.has(name!)) symbols.set(name!, symbol);
    if (module) open = [];
    else if (open[0]?.address === address) open.push(symbol);
    else {
      if (open[0] && address > open[0].address) for (const each of open) each.end = address;
      open = [symbol];
    }
  }
  return symbols;
}
