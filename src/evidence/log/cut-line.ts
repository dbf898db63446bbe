/**
 * A line that means trouble with interrupts and ends before it says which: a pager or a terminal cut it at its width
 * (`journalctl` without `--no-pager`, a copy off a screen). Nothing can be told from it but that it is there.
 */

export interface CutLine {
  kind: 'cut-line';
}

const bdf = '[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]';
const heads: readonly RegExp[] = [
  /^(?:genirq: )?Flags mismatch irq \d/,
  /^virtio_blk(?:: probe of| virtio\d{1,6}: probe with driver) /,
  new RegExp(`^\\S{2,24} ${bdf}: (?:AER: )?(?:(?:Multiple )?|PCIe Bus Error: severity=)Uncorrect`),
  /vfio_err_notifier_handler\(/,
];

/** @param text a message that no rule could read */
export function parseCutLine(text: string): CutLine | undefined {
  const start = text.slice(0, 400);
  return heads.some((head) => head.test(start)) ? { kind: 'cut-line' } : undefined;
}
