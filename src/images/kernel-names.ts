/** The kernels a lab may name. A new one is one line: the suite and the package that leads to its newest build. */
export interface KernelSource {
  suite: string;
  /** A meta package; what it depends on is the kernel. */
  metaPackage: string;
}

export const kernelNames: Readonly<Record<string, KernelSource>> = {
  '6.12': { suite: 'trixie', metaPackage: 'linux-image-amd64' },
  '6.1': { suite: 'bookworm', metaPackage: 'linux-image-amd64' },
  '5.10': { suite: 'bullseye', metaPackage: 'linux-image-amd64' },
  /** Whatever Debian develops on: the first to meet what changed upstream. Until `--refresh` it stays the same. */
  newest: { suite: 'sid', metaPackage: 'linux-image-amd64' },
};
