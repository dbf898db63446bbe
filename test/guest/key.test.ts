import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { generateSshKey } from '../../src/guest/key.ts';

it('makes only keys that a server can read', () => {
  // ssh2 itself makes about three bad ones in a thousand.
  for (let i = 0; i < 3000; i += 1) {
    const { privateKey, publicBlob } = generateSshKey();
    expect(Buffer.from(publicBlob, 'base64')).toHaveLength(51);
    expect(ssh2.utils.parseKey(privateKey)).not.toBeInstanceOf(Error);
  }
});
