import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket, GdbProtocolError, PacketSplitter } from '../../../src/machine/gdb/packet.ts';
import { cut, cuts } from '../chunks.ts';

const read = (text: string) => new PacketSplitter().push(Buffer.from(text, 'latin1'));

it('a packet has a checksum', () => {
  expect(encodePacket('vCont;c')).toBe('$vCont;c#a8');
  expect(encodePacket('')).toBe('$#00');
});

describe('packets', () => {
  it.each([
    ['acknowledged', '+$OK#9a', ['OK']],
    ['several, one empty', '$m0#9d+$#00$l#6c', ['m0', '', 'l']],
    ['escaped: `}` and the byte with bit 5 changed', '$a}\x03b#43', ['a#b']],
    ['repeated: `0* ` is 0000', '$0* #7a', ['0000']],
    ['a repetition of an escaped byte', '$}\x03*!#cb', ['#####']],
  ])('%s', (_, text, packets) => expect(read(text)).toEqual(packets));

  it.each([
    ['a wrong checksum', '$OK#9b', /checksum 9b, not 9a/],
    ['no checksum', '$OK#zz', /checksum zz/],
    ['another protocol', '{"QMP": {}}', /^not a gdb stub: byte 0x7b/],
    ['a refusal', '-', /wrong checksum/],
    ['a repetition of nothing', '$* #4a', /repetition of nothing/],
    ['a packet without an end', `$${'0'.repeat(1 << 20)}00`, /without an end/],
  ])('%s is an error', (_, text, message) => expect(() => read(text)).toThrow(message));

  it('do not depend on the pieces that they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -"%-)+-|~]*$/)), cuts, (texts, places) => {
        const bytes = Buffer.from(texts.map((text) => `+${encodePacket(text)}`).join(''));
        const splitter = new PacketSplitter();
        expect(cut(bytes, places).flatMap((piece) => splitter.push(piece))).toEqual(texts);
      }),
    );
  });

  it('any bytes: packets, or a GdbProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          for (const byte of new PacketSplitter().push(Buffer.concat([Buffer.from('$'), bytes])))
            expect(typeof byte).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(GdbProtocolError);
        }
      }),
    );
  });
});
