/**
 * HMP `info usernet`: QMP has no query for user-mode networking. Its text is net/slirp.c usernet_info() and
 * libslirp's slirp_connection_info(): a heading per network, then `TCP[HOST_FORWARD] fd address port …` lines.
 */
import { LabBrokeError } from '../errors.ts';

/**
 * The port on the parent that a network forwards: the real one, also where the kernel was let choose.
 * @param text answer to `info usernet`
 * @throws {LabBrokeError} `NO_FORWARD`
 */
export function forwardedPort(text: string, netdev: string): number {
  let inside = false;
  for (const line of text.split('\n')) {
    const heading = /^(?:Hub -?\d+|VLAN -?\d+) \(([^)]*)\):/.exec(line);
    if (heading) inside = heading[1] === netdev;
    const forward = /^\s*TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s/.exec(line);
    if (inside && forward) return Number(forward[1]);
  }
  throw new LabBrokeError(`QEMU forwards no port to the network "${netdev}"`, {
    code: 'NO_FORWARD',
    next: 'QEMU may print `info usernet` differently: see src/machine/usernet.ts.',
    lastLines: text.split('\n').filter(Boolean).slice(-10),
  });
}
