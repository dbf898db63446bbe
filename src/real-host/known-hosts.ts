/** Is a server's key one that the user's known_hosts has for it? Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
import { createHash, createHmac } from 'node:crypto';

export type Known = 'known' | 'unknown' | 'changed' | 'revoked';

/** @param key The server's public key as it comes over the wire (a blob that begins with its type's name). */
export function lookUp(knownHosts: string, host: string, port: number, key: Buffer): Known {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
  let found: Known = 'unknown';
  for (const line of knownHosts.split('\n')) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts, keyType, blob] = words;
    if (!hosts || hosts.startsWith('#') || keyType !== type || blob === undefined) continue;
    if (marker === '@cert-authority' || !hosts.split(',').some((pattern) => isHost(pattern, name))) continue;
    const same = Buffer.from(blob, 'base64').equals(key);
    if (marker === '@revoked' && same) return 'revoked';
    if (marker !== undefined) continue;
    if (same) found = 'known';
    else if (found === 'unknown') found = 'changed';
  }
  return found;
}

/** `SHA256:…`, as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** A name as it is, or hashed: `|1|salt|HMAC-SHA1(salt, name)`. Patterns with `*` are not followed: nobody is trusted by one. */
function isHost(pattern: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern);
  if (!hashed) return pattern === name;
  const [, salt, digest] = hashed;
  return createHmac('sha1', Buffer.from(salt!, 'base64')).update(name).digest('base64') === digest;
}
