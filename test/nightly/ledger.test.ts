import { test } from 'vitest';
import { ledgerTruth } from '../qemu/ledger-truth.ts';

test('6.12, remapped', () => ledgerTruth('6.12', true));
test.each([false, true])('6.1, remapping %s', (remapping) => ledgerTruth('6.1', remapping));
