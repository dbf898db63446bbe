import { expect, test } from 'vitest';
import { parseProbe, probeScript } from '../../src/guest/intx.ts';

test('a probe as the script prints it', () => {
  expect(parseProbe('0000:00:05.0||0x1234|0x11e8|01|11|21|0|0100|0500|0100\n')).toEqual({
    bdf: '0000:00:05.0',
    vendor: '1234',
    device: '11e8',
    pin: 1,
    irq: 21,
    firmwareIrq: 11,
    msi: false,
    command: { before: 0x100, set: 0x500, after: 0x100 },
  });
  expect(parseProbe('0000:00:07.0|uhci_hcd|0x8086|0x7020|04|22|22|1|0105|0505|0105')).toMatchObject({
    driver: 'uhci_hcd',
    pin: 4,
    msi: true,
  });
});

test('anything else is no probe', () => {
  for (const text of ['', 'setpci: not found', '0000:00:05.0||0x1234'])
    expect(() => parseProbe(text)).toThrow();
});

test('the one bit is written and taken back, also when the shell is told to end', () => {
  const script = probeScript('0000:00:05.0');
  expect(script).toContain("trap 'c =0:400' HUP INT TERM; c =400:400; set=$(c); c =0:400; trap -");
});
