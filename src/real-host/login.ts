/** Logs in to a real host: by the user's own key or agent, and only where its server is known. */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { EnvironmentError } from '../errors.ts';
import { SshConnection } from '../guest/ssh.ts';
import type { HostAddress } from './address.ts';
import { fingerprint, type Known, lookUp } from './known-hosts.ts';

export interface Credentials {
  /** A private key file; else the agent of SSH_AUTH_SOCK, else ~/.ssh/id_*. */
  identity?: string;
  /** Default: ~/.ssh/known_hosts. */
  knownHosts?: string;
  env: Record<string, string | undefined>;
}

/** A real network may be slow; a host that is silent for half a minute is gone. */
const keepalive = { keepaliveIntervalMs: 5_000, keepaliveCountMax: 6 };

/** @throws EnvironmentError HOST_KEY_UNKNOWN, NO_SSH_KEY · LabBrokeError SSH_UNREACHABLE */
export async function logIn(
  address: HostAddress,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<SshConnection> {
  const { host, port, user, url } = address;
  const file = credentials.knownHosts ?? join(homedir(), '.ssh/known_hosts');
  const knownHosts = await readFile(file, 'utf8').catch(() => '');
  let refused: EnvironmentError | undefined;
  const isKnown = (key: Buffer): boolean => {
    const known = lookUp(knownHosts, host, port, key);
    if (known !== 'known') refused = notTrusted(known, address, key, file);
    return refused === undefined;
  };
  const auth = await authentication(credentials, url);
  try {
    return await SshConnection.connect(
      { machine: url, open: () => openTcp(host, port), user, isKnown, ...auth, ...keepalive, retries: 0 },
      signal,
    );
  } catch (error) {
    throw refused ?? error;
  }
}

function notTrusted(
  known: Exclude<Known, 'known'>,
  address: HostAddress,
  key: Buffer,
  file: string,
): EnvironmentError {
  const { host, port, url } = address;
  const what = {
    unknown: 'its key is not in',
    changed: 'its key is another one than in',
    revoked: 'its key is revoked in',
  }[known];
  return new EnvironmentError(`${url}: ${what} ${file}: ${fingerprint(key)}`, {
    code: 'HOST_KEY_UNKNOWN',
    next:
      known === 'unknown'
        ? `Compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: ssh-keyscan -p ${port} ${host} >> ${file}`
        : 'Somebody else may be answering. Nothing was sent.',
  });
}

async function authentication(
  { identity, env }: Credentials,
  url: string,
): Promise<{ privateKey: string } | { agent: string }> {
  if (identity !== undefined) {
    try {
      return { privateKey: await readFile(identity, 'utf8') };
    } catch (error) {
      throw new EnvironmentError(`--identity ${identity}: ${(error as Error).message}`, {
        code: 'NO_SSH_KEY',
        next: 'give a private key that you may read',
      });
    }
  }
  if (env.SSH_AUTH_SOCK) return { agent: env.SSH_AUTH_SOCK };
  for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) {
    const key = await readFile(join(homedir(), '.ssh', name), 'utf8').catch(() => undefined);
    if (key !== undefined) return { privateKey: key };
  }
  throw new EnvironmentError(`${url}: no SSH key to log in with`, {
    code: 'NO_SSH_KEY',
    next: 'Start an agent (ssh-add), or give --identity FILE.',
  });
}

async function openTcp(host: string, port: number): Promise<Duplex> {
  const socket = connectTcp({ host, port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  socket.once('connect', () => resolve(socket)).once('error', reject);
  return await promise;
}
