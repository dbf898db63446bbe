import { test } from 'vitest';
import { ledgerTruth } from '../qemu/ledger-truth.ts';

test('6.12, remapped', () => ledgerTruth('6.12', true));
test('6.1: logical destinations', () => ledgerTruth('6.1', false));
test('6.1, remapped', () => ledgerTruth('6.1', true));
