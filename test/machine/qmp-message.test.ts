import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, QmpProtocolError, QmpSplitter } from '../../src/machine/qmp-message.ts';
import { cut, cuts } from './chunks.ts';

describe('QmpSplitter', () => {
  it('gives the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        cuts,
        (values, end, places) => {
          const bytes = Buffer.from(values.map((value) => JSON.stringify(value) + end).join(''));
          const splitter = new QmpSplitter();
          const messages = cut(bytes, places).flatMap((chunk) => splitter.push(chunk));
          expect(JSON.stringify(messages)).toBe(JSON.stringify(values));
        },
      ),
    );
  });

  it('skips empty lines and refuses what is no JSON', () => {
    const splitter = new QmpSplitter();
    expect(splitter.push(Buffer.from('\r\n{"a":1}\r\n'))).toEqual([{ a: 1 }]);
    expect(() => splitter.push(Buffer.from('SSH-2.0-OpenSSH\r\n'))).toThrow(QmpProtocolError);
  });
});

describe('classify', () => {
  it('tells the four kinds', () => {
    const version = { qemu: { major: 10, minor: 0, micro: 2 }, package: 'Debian' };
    expect(classify({ QMP: { version, capabilities: ['oob'] } })).toEqual({
      kind: 'greeting',
      version,
      capabilities: ['oob'],
    });
    expect(classify({ return: {}, id: 'a' })).toEqual({ kind: 'return', id: 'a', value: {} });
    expect(classify({ error: { class: 'DeviceNotFound', desc: 'no' }, id: 1 })).toEqual({
      kind: 'error',
      id: 1,
      class: 'DeviceNotFound',
      desc: 'no',
    });
    expect(classify({ event: 'STOP', timestamp: { seconds: 2, microseconds: 500_000 } })).toEqual({
      kind: 'event',
      event: 'STOP',
      data: {},
      unixSeconds: 2.5,
    });
  });

  it.each([[null], [[]], ['text'], [{}], [{ QMP: 1 }]])('refuses %j', (json) => {
    expect(() => classify(json)).toThrow(QmpProtocolError);
  });
});
