/** Words of the lab file that several of its parts use: names and addresses. */
import { z } from 'zod';

/** A name that can be a folder, a QEMU id and a word on the command line. */
export const Name = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'a name is lower-case letters, digits and dashes, beginning with a letter',
  );

export const Mac = z
  .string()
  .regex(
    /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
    'a MAC address is six lower-case hexadecimal bytes: 52:54:00:aa:00:02',
  );

const octet = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
export const Address = z
  .string()
  .regex(
    new RegExp(`^${octet}(\\.${octet}){3}/24$`),
    'an IPv4 address with its prefix length, e.g. 10.0.2.15/24',
  );
export const Network = z
  .string()
  .regex(new RegExp(`^${octet}(\\.${octet}){2}\\.0/24$`), 'an IPv4 network, e.g. 10.0.2.0/24');
export const Ip = z
  .string()
  .regex(new RegExp(`^${octet}(\\.${octet}){3}$`), 'an IPv4 address, e.g. 10.0.2.2');
