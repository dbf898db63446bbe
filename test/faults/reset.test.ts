import { describe, expect, test } from 'vitest';
import { linkDownProof } from '../../src/faults/link-down/prove.ts';
import { proveReset } from '../../src/faults/reset/prove.ts';

describe('a reset is proved', () => {
  const done = { mark: undefined, restarts: 0, output: '' };
  test('by a mark that is wiped out', () => {
    const proof = proveReset({ ...done, mark: { before: 0xfee00ab0, after: 0 } });
    expect(proof).toEqual({
      proved: true,
      because: ['the mark read 0xfee00ab0 before the reset and 0x0 after it'],
    });
  });
  test.each([
    ['a mark that is still there', { mark: { before: 0xfee00ab0, after: 0xfee00ab0 } }],
    ['a mark that was never set', { mark: { before: 0, after: 0 } }],
    ['a mark, whatever nvme says', { mark: { before: 1, after: 1 }, restarts: 1 }],
    ['no mark, and nvme says nothing', {}],
  ])('not with %s', (_, state) => expect(proveReset({ ...done, ...state }).proved).toBe(false));
  test('by nvme that started again', () => expect(proveReset({ ...done, restarts: 1 }).proved).toBe(true));
});

describe('a link that is down is proved', () => {
  const said = 'igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Down';
  test('by no carrier and the driver’s own line', () =>
    expect(linkDownProof('0', said, '0000:01:00.0').proved).toBe(true));
  test.each([
    ['1', said],
    ['0', ''],
    ['0', said.replace('01:00.0', '02:00.0')],
    ['', said],
  ])('not with carrier %j and the line %j', (carrier, log) =>
    expect(linkDownProof(carrier, log, '0000:01:00.0').proved).toBe(false),
  );
});
