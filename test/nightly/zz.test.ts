import { test } from 'vitest';
import { ledgerTruth } from '../qemu/ledger-truth.ts';

test('6.1', () => ledgerTruth('6.1', process.env.REMAP === '1'));
