/** A function of a lab's devices: a PF, a VF, or a device on the root bus. */
import type { Device } from './schema-host.ts';

export interface LabFunction {
  /** `nic0` or `nic0.vf1` */
  name: string;
  device: string;
  kind: Device['kind'];
  /** Number of the VF; absent for the PF. */
  vf?: number;
  /** `host`, a guest, or undefined for a function that nobody was given. */
  owner: string | undefined;
  /** Driver on the host; `none` for a function that stays unbound. */
  driver: string;
  mac?: string;
  /** With prefix length; NICs only. */
  address?: string;
}
