/** What `vflab predict` cannot foretell, and options that do not go together: said, never passed over. */
import { UsageError } from '../errors.ts';
import { kernelVersion } from '../model/features.ts';
import type { Description } from '../model/virtio/description.ts';
import type { DescribeOptions } from './describe-options.ts';

/** Functions of a PCI segment: 256 buses of 32 slots of 8. */
const mostDisks = 65_536;
/** CONFIG_NR_CPUS of x86 ends there (arch/x86/Kconfig). */
const mostCpus = 8192;
/** The first with kernel/irq/matrix.c: 2f75d9e1c905 genirq: Implement bitmap matrix allocator. */
const firstMatrix = { major: 4, minor: 15 };

/** @throws UsageError BAD_COMMAND_LINE */
export function checkDescription(
  { cpus, possible, nodes, threads, disks }: Description,
  options: DescribeOptions,
): void {
  const told = options.possible ?? cpus;
  const wrong =
    told < cpus
      ? `${told} CPUs are possible, and ${cpus} are online: --possible counts those online too`
      : nodes > possible
        ? `${nodes} nodes for ${possible} CPUs: a node has one at least`
        : possible % threads !== 0
          ? `${possible} CPUs are not a multiple of ${threads} threads a core`
          : possible > mostCpus
            ? `${possible} CPUs: no kernel has more than ${mostCpus}`
            : disks > mostDisks
              ? `${disks} disks: a PCI segment has ${mostDisks} functions`
              : undefined;
  if (wrong) throw new UsageError(wrong, { code: 'BAD_COMMAND_LINE', next: '`vflab predict --help`' });
}

/** @throws UsageError UNKNOWN_KERNEL: no release, or of a kernel that hands out vectors in another way */
export function checkRelease(release: string, build?: string): void {
  const version = kernelVersion(release, build);
  const next = '--kernel 4.18.0-305.el8.x86_64, or as short as --kernel 6.12';
  if (!version)
    throw new UsageError(`"${release}" does not begin like a kernel's release`, {
      code: 'UNKNOWN_KERNEL',
      next,
    });
  const { major, minor } = version;
  if (major < firstMatrix.major || (major === firstMatrix.major && minor < firstMatrix.minor))
    throw new UsageError(
      `Linux ${release} has no vector matrix, which came with ${firstMatrix.major}.${firstMatrix.minor}: it is not in the model`,
      { code: 'UNKNOWN_KERNEL', next },
    );
}

type Name = keyof DescribeOptions;
/** What a lab's plan says of its host. */
const ofMachine: readonly [Name, string][] = [
  ['cpus', '--cpus'],
  ['possible', '--possible'],
  ['nodes', '--nodes'],
  ['threads', '--threads'],
  ['disks', '--disks'],
  ['queues', '--queues'],
  ['first', '--first'],
  ['inUse', '--in-use'],
  ['pinless', '--pinless'],
  ['from', '--from'],
];

/** @throws UsageError BAD_COMMAND_LINE: options that would change nothing */
export function checkApplies(lab: string | undefined, options: DescribeOptions): void {
  const given =
    lab === undefined
      ? [...(options.variant ? ['--variant'] : []), ...(options.axis ? ['--axis'] : [])]
      : [
          ...ofMachine.filter(([name]) => options[name] !== undefined).map(([, flag]) => flag),
          ...(options.affinityHint === false ? ['--no-affinity-hint'] : []),
        ];
  if (given.length === 0) return;
  const flags = given.join(', ');
  throw lab === undefined
    ? new UsageError(`${flags}: chooses of a lab's matrix, and no lab is given`, {
        code: 'BAD_COMMAND_LINE',
        next: '`vflab predict LAB`, or describe the machine by --kernel, --cpus and --disks',
      })
    : new UsageError(`${flags}: describes a machine, and ${lab} has its own`, {
        code: 'BAD_COMMAND_LINE',
        next: 'leave the lab or the option out; `--axis cpus=4` chooses of an axis that the lab has',
      });
}
