import { expect, test } from 'vitest';
import { insertionOrder, moduleName, readModuleIndex, selectModules } from '../../src/images/modules.ts';

const pci = 'kernel/drivers/vfio/pci/vfio-pci.ko.xz';
const core = 'kernel/drivers/vfio/pci/vfio-pci-core.ko.xz';
const vfio = 'kernel/drivers/vfio/vfio.ko.xz';
const igb = 'kernel/net/igb.ko';
const igbvf = 'kernel/net/igbvf.ko';

// As depmod writes it: of vfio-pci's dependencies the one that the others need is last.
const index = readModuleIndex(
  `${pci}: ${core} ${vfio}\n${core}: ${vfio}\n${vfio}:\n${igb}:\n${igbvf}:\n`,
  'kernel/drivers/virtio/virtio_pci.ko\n',
);

test.each([
  ['vfio-pci.ko', 'vfio_pci'],
  ['a/b/vfio-pci.ko.xz', 'vfio_pci'],
  ['igb.ko.zst', 'igb'],
])('%s is module %s', (path, name) => {
  expect(moduleName(path)).toBe(name);
});

test('a module comes with all it needs', () => {
  expect(selectModules(index, ['vfio_pci'])).toEqual({ paths: [core, pci, vfio].sort(), missing: [] });
});

test('a glob takes all that it fits', () => {
  expect(selectModules(index, ['igb*']).paths).toEqual([igb, igbvf]);
  expect(selectModules(index, ['vfio-*']).paths).toEqual([core, pci, vfio].sort());
});

test('a built-in is there; what is nowhere is missing', () => {
  expect(selectModules(index, ['virtio-pci', 'nonesuch', 'igbx*'])).toEqual({
    paths: [],
    missing: ['nonesuch', 'igbx*'],
  });
});

test('what a module needs is inserted before it', () => {
  expect(insertionOrder(index, 'vfio-pci')).toEqual([vfio, core, pci]);
  expect(insertionOrder(index, 'virtio_pci')).toEqual([]);
});
