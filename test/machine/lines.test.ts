import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineSplitter } from '../../src/machine/lines.ts';
import { cut, cuts } from './chunks.ts';

// Newlines are frequent, so that every place next to one is cut at some time.
const text = fc.array(fc.oneof(fc.constant(0x0a), fc.constant(0x0d), fc.nat(255)), { maxLength: 200 });

it('gives the same lines however the bytes are cut, and loses none', () => {
  fc.assert(
    fc.property(text, cuts, (bytes, places) => {
      const all = Uint8Array.from(bytes);
      const splitter = new LineSplitter();
      const lines = cut(all, places).flatMap((chunk) => splitter.push(chunk));
      const rest = splitter.flush();
      const whole = Buffer.from(all).toString('latin1').split('\n');
      expect([...lines, rest].map((line) => Buffer.from(line).toString('latin1'))).toEqual(whole);
    }),
  );
});

it('does not hold on to the buffer that it was given', () => {
  const splitter = new LineSplitter();
  const buffer = Buffer.from('abc');
  splitter.push(buffer);
  buffer.fill('x');
  expect(splitter.push(Buffer.from('\n')).map(String)).toEqual(['abc']);
});

it('forgets what it has flushed', () => {
  const splitter = new LineSplitter();
  splitter.push(Buffer.from('rest'));
  expect(String(splitter.flush())).toBe('rest');
  expect(splitter.flush()).toHaveLength(0);
});
