/** One SSH key pair a run, held in memory only: the public half reaches the machines by their command line. */
import ssh2 from 'ssh2';

export interface SshKey {
  /** OpenSSH private key text. */
  privateKey: string;
  /** Base64 blob of the ssh-ed25519 public key, without type and comment. */
  publicBlob: string;
}

/** "ssh-ed25519" and 32 bytes of key, each after a length of four bytes (RFC 8709 section 4). */
const blobBytes = 4 + 11 + 4 + 32;

/**
 * ssh2 drops leading zero bytes in about three of a thousand keys, and no server takes such a key: those are
 * thrown away.
 */
export function generateSshKey(): SshKey {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const publicBlob = pair.public.split(' ')[1] ?? '';
    const whole = Buffer.from(publicBlob, 'base64').length === blobBytes;
    if (whole && !(ssh2.utils.parseKey(pair.private) instanceof Error)) {
      return { privateKey: pair.private, publicBlob };
    }
  }
}
