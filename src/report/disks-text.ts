/** The variants of a run with many disks side by side: what each remedy buys, and what it costs. */
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';
import type { VariantResult } from './result.ts';
import { numberTable } from './table.ts';

/** Empty where no variant has disks. */
export function disksTable(variants: readonly VariantResult[], style: Style): string[] {
  const rows = variants.flatMap((variant) => (variant.disks ? [row(variant, variant.disks.outcome)] : []));
  if (rows.length === 0) return [];
  const head = [
    'Variant',
    'Disks',
    'Work',
    'Shared',
    'INTx',
    'Fail',
    'Slots left',
    'Allocated',
    'What it costs',
  ];
  return numberTable([head, ...rows], (cell, r) => (r === 0 ? style.bold(cell) : cell));
}

function row(
  { id, repetition }: VariantResult,
  outcome: NonNullable<VariantResult['disks']>['outcome'],
): string[] {
  const { disks, working, shared, intx, failed, slotsLeft, allocated, costs } = outcome;
  return [
    repetition > 1 ? `${id} #${repetition}` : id,
    `${disks}`,
    `${working}`,
    `${shared}`,
    `${intx}`,
    `${failed}`,
    slotsLeft === undefined ? '?' : `${slotsLeft}`,
    allocated === undefined ? '?' : `${allocated}`,
    plainLine(costs.join('; ')),
  ];
}
