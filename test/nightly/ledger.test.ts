import { test } from 'vitest';
import { ledgerTruth } from '../qemu/ledger-truth.ts';

test('6.12, remapped', () => ledgerTruth('6.12', true));
