/** One SSH key pair a run, held in memory only: the public half reaches the machines by their command line. */
import ssh2 from 'ssh2';

export interface SshKey {
  /** OpenSSH private key text. */
  privateKey: string;
  /** Base64 blob of the ssh-ed25519 public key, without type and comment. */
  publicBlob: string;
}

export function generateSshKey(): SshKey {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  const publicBlob = pair.public.split(' ')[1];
  if (publicBlob === undefined) throw new Error(`ssh2 gave an unexpected public key: ${pair.public}`);
  return { privateKey: pair.private, publicBlob };
}
