import { expect, it } from 'vitest';
import { findByPath, parseFunctions } from '../../src/guest/pci.ts';

const listing = `0000:00:04.0|/sys/devices/pci0000:00/0000:00:04.0|0x1b36|0x000c|pcieport|2|1|0|
0000:01:00.0|/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.0|0x8086|0x10c9|igb|4|1|0| 0000:01:10.0 0000:01:10.2
0000:01:10.0|/sys/devices/pci0000:00/0000:00:04.0/0000:01:10.0|0x8086|0x10ca|vfio-pci|5|1|1|
0000:01:10.2|/sys/devices/pci0000:00/0000:00:04.0/0000:01:10.2|0x8086|0x10ca|||1|1|
`;

it('reads what the listing script prints', () => {
  const functions = parseFunctions(listing);
  expect(functions).toHaveLength(4);
  expect(functions[1]).toEqual({
    bdf: '0000:01:00.0',
    path: ['0000:00:04.0', '0000:01:00.0'],
    vendor: '8086',
    device: '10c9',
    driver: 'igb',
    iommuGroup: 4,
    hasAer: true,
    isVf: false,
    vfs: ['0000:01:10.0', '0000:01:10.2'],
  });
  expect(functions[3]).not.toHaveProperty('driver');
  expect(functions[3]).not.toHaveProperty('iommuGroup');
});

it('finds a function by its place, whatever bus number the kernel gave', () => {
  const functions = parseFunctions(listing);
  expect(findByPath(functions, '00:04.0')?.bdf).toBe('0000:00:04.0');
  expect(findByPath(functions, '00:04.0/00.0')?.bdf).toBe('0000:01:00.0');
  expect(findByPath(functions, '00:05.0/00.0')).toBeUndefined();
  expect(findByPath(functions, '00:04.0/00.0/00.0')).toBeUndefined();
});
