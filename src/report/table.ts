/** Columns aligned by spaces; the last one is not padded. `style` colours a cell after it was padded. */
export function table(
  rows: readonly (readonly string[])[],
  style: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row, r) =>
    row
      .map((cell, c) => style(c === row.length - 1 ? cell : cell.padEnd(widths[c]!), r, c))
      .join('  ')
      .trimEnd(),
  );
}

/** The same with a head, and to the right what is nothing but numbers (or `?`, or nothing) below it. */
export function numberTable(
  rows: readonly (readonly string[])[],
  style: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const [head = [], ...body] = rows;
  const widths = head.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  const isNumber = head.map((_, c) => body.every((row) => /^(?:\d*|\?)$/.test(row[c] ?? '')));
  return table(
    rows.map((row) => row.map((cell, c) => (isNumber[c] ? cell.padStart(widths[c]!) : cell))),
    style,
  );
}
