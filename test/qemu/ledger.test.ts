import { test } from 'vitest';
import { ledgerTruth } from './ledger-truth.ts';

test('6.12: thousands of interrupts balance; masks are excused; a loss is found', () =>
  ledgerTruth('6.12', false));
