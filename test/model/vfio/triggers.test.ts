import { describe, expect, test } from 'vitest';
import { requestIrq } from '../../../src/model/genirq/sharing.ts';
import { intxRequest, msiRequest, notConnected, vfioOwner } from '../../../src/model/vfio/triggers.ts';

const kernel = { condOneshotRequests: false };
const device = (bdf: string, canMaskIntx: boolean, irq = 16) => ({ bdf, irq, canMaskIntx });

describe('VFIO_DEVICE_SET_IRQS, INTx', () => {
  test('a function that masks INTx shares, one that cannot wants the line alone', () => {
    expect(intxRequest(device('0000:01:00.0', true))).toMatchObject({ flags: 0x80, line: 'shared' });
    expect(intxRequest(device('0000:01:00.0', false))).toMatchObject({ flags: 0, line: 'alone' });
    expect(intxRequest(device('0000:01:00.0', false), true)).toMatchObject({ flags: 0x80000 });
  });

  test('without an irq there is nothing to request: −ENODEV', () => {
    expect(intxRequest(device('0000:01:10.0', true, 0))).toEqual({ requests: false, errno: -19 });
    expect(intxRequest(device('0000:01:10.0', true, notConnected))).toMatchObject({ errno: -19 });
  });

  // Which pairs get a line of their kind together: only two that both mask.
  test.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ])('first masks: %s, second masks: %s → shared: %s', (first, second, granted) => {
    const a = intxRequest(device('0000:04:00.0', first));
    const b = intxRequest(device('0000:01:00.0', second));
    if (!a.requests || !b.requests) throw new Error('both have an irq');
    const line = { irq: 16, actions: [{ name: a.name, flags: a.flags }] };
    expect(requestIrq(line, b, kernel).granted).toBe(granted);
  });
});

test('MSI-X: a name for each vector, flags 0', () => {
  expect(msiRequest('0000:01:10.0', 3, 'msix')).toMatchObject({
    name: 'vfio-msix[3](0000:01:10.0)',
    flags: 0,
  });
});

test.each([
  ['vfio-intx(0000:01:00.0)', { bdf: '0000:01:00.0', type: 'intx' }],
  ['vfio-msix[12](0000:01:10.2)', { bdf: '0000:01:10.2', type: 'msix' }],
  ['vfio-msi[0](0000:01:10.2)', { bdf: '0000:01:10.2', type: 'msi' }],
  ['i801_smbus', undefined],
])('owner of %s', (name, owner) => expect(vfioOwner(name)).toEqual(owner));
