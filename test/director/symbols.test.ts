import { expect, it } from 'vitest';
import { parseCodeSymbols } from '../../src/director/symbols.ts';

it('symbols with their ends: the next address, also of an alias; none of a module, none over a gap', () => {
  const symbols = parseCodeSymbols(
    [
      'ffffffff81034b00 t __common_interrupt',
      'ffffffff81034b00 T alias',
      'ffffffff81034b90 T common_interrupt',
      '--',
      'ffffffff8112b3e0 t msi_domain_activate',
      'ffffffffc0a01000 t vfio_msihandler\t[vfio_pci_core]',
      'ffffffffc0a01040 t next_one\t[vfio_pci_core]',
      'nonsense',
    ].join('\n'),
  );
  expect(symbols.get('__common_interrupt')).toEqual({
    address: 0xffffffff81034b00n,
    end: 0xffffffff81034b90n,
  });
  expect(symbols.get('alias')?.end).toBe(0xffffffff81034b90n);
  expect(symbols.get('common_interrupt')).toEqual({ address: 0xffffffff81034b90n });
  expect(symbols.get('vfio_msihandler')).toEqual({ address: 0xffffffffc0a01000n, module: 'vfio_pci_core' });
  expect(symbols.size).toBe(6);
});
