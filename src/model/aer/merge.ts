import type { Result } from './types.ts';

/**
 * How the votes of a bus become one result. Source: drivers/pci/pcie/err.c merge_result (identical from 4.18
 * to 7.2): a missing driver wins for good, no opinion changes nothing.
 */
export function merge(so: Result, vote: Result): Result {
  if (vote === 'no-aer-driver') return 'no-aer-driver';
  if (vote === 'none') return so;
  if (so === 'can-recover' || so === 'recovered') return vote;
  if (so === 'disconnect') return vote === 'need-reset' ? 'need-reset' : 'disconnect';
  return so;
}
