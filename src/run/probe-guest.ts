/** The guest that has to run before KVM is trusted: the labs' own guest image, on its own kernel. */
import type { ProbeGuest } from '../machine/accel.ts';
import type { LaunchFiles } from './launch-files.ts';

export function probeGuest({ guest }: LaunchFiles): ProbeGuest {
  return { ...guest, cmdline: ['console=ttyS0', 'quiet', 'vflab.name=probe'], expect: /vflab-ready/ };
}
