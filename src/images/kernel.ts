/** What a kernel is to the other rooms, and how one is named. */

export interface Kernel {
  /** As the lab named it: `6.12`; `custom` for a user's own. */
  name: string;
  /** What `uname -r` prints. */
  release: string;
  /** The banner in the boot header, with builder, date and Debian version. */
  banner: string;
  packageName?: string;
  packageVersion?: string;
  /** What QEMU's `-kernel` is given: the uncompressed kernel where that can be booted, else the bzImage. */
  image: string;
  bzImage: string;
  /** `…/lib/modules/<release>`, with `modules.dep`. */
  modulesDir: string;
  /** Same id, same bytes: for cache keys. */
  id: string;
}

/** A lab's kernel name, or a user's own bzImage (`modules`: `…/lib/modules/<release>` or the folder above `lib`). */
export type KernelRef = string | { image: string; modules?: string | undefined };
