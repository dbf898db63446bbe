/** Where a real host is: `ssh://root@HOST:PORT`, as `--host` takes it. */
import { UsageError } from '../errors.ts';

export interface HostAddress {
  /** As written, for messages and the plan. */
  url: string;
  user: string;
  host: string;
  port: number;
}

/** @throws UsageError BAD_HOST */
export function parseAddress(text: string): HostAddress {
  const bad = (what: string) =>
    new UsageError(`--host ${text}: ${what}`, {
      code: 'BAD_HOST',
      next: 'write ssh://root@HOST or ssh://root@HOST:PORT',
    });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'ssh:' || !url.hostname) throw bad('not an address of the form ssh://USER@HOST');
  if (url.password) throw bad('a password does not belong on a command line; log in by a key');
  if ((url.pathname !== '' && url.pathname !== '/') || url.search || url.hash)
    throw bad('nothing may follow the host and its port');
  return {
    url: `ssh://${url.username || 'root'}@${url.host}`,
    user: decodeURIComponent(url.username) || 'root',
    // URL keeps the brackets of an IPv6 address; a socket wants none.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 22 : Number(url.port),
  };
}
