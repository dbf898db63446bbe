/** The options of the larger commands. */
import { type Command, InvalidArgumentError } from 'commander';

/** How to log in on a real host. */
const identity = ['--identity <file>', 'private key (default: the agent, else ~/.ssh/id_*)'] as const;
const knownHosts = ['--known-hosts <file>', 'default: ~/.ssh/known_hosts'] as const;

export function runCommand(program: Command): Command {
  return program
    .command('run <labs...>')
    .description('run labs: names in labs/, or paths of lab files')
    .optionsGroup('Choose:')
    .option(
      '--kernel <version|path>',
      "a kernel of the lab, `all`, or a bzImage of your own for the host (a path with a '/')",
      collect,
    )
    .option('--modules <dir>', 'modules of your own kernel: lib/modules/<release>')
    .option('--variant <name>', "a variant, or a pattern such as 'h*' (repeatable; default: all)", collect)
    .option('--axis <name=value>', 'a value of any axis of the matrix (repeatable)', collect)
    .optionsGroup('Run:')
    .option('--dry-run', 'print the whole plan, start nothing')
    .option('--deterministic', "the lab's hunt from power-on, alone: the same to the byte on every run")
    .option('--repeat <n>', 'run every variant n times', positive, 1)
    .option('--seed <n>', 'what random schedules are drawn from: the same seed, the same schedule', seed)
    .option('--refresh', 'look for newer kernels and packages')
    .option(
      '--keep',
      'hold the machines of every variant before they are torn down, and say how to reach them',
    )
    .option('--bisect', 'exit codes for `git bisect run`')
    .optionsGroup('On a real host:')
    .option(
      '--host <url>',
      'a machine in place of the emulated host: ssh://root@HOST; asks before it touches anything',
    )
    .option('--device <name=bdf>', 'which of its functions plays a device of the lab (repeatable)', collect)
    .option(...identity)
    .option(...knownHosts)
    .option('--yes', 'touch it without asking')
    .optionsGroup('Output:')
    .option('--json', 'print result.json; with --dry-run, the plan (one document a lab)')
    .option('--output <dir>', 'folder for the run folder <time>-<lab> (default: runs)')
    .option('--junit <file>', 'a copy of the JUnit XML')
    .option('-q, --quiet', 'no progress')
    .option('-v, --verbose', 'more progress; the chain of every variant');
}

export function inventoryCommand(program: Command): Command {
  return program
    .command('inventory <url>')
    .description('what a real host has for a lab: functions with SR-IOV, IOMMU groups, kernel, tools')
    .option(...identity)
    .option(...knownHosts)
    .option('--json', 'as JSON');
}

export function huntCommand(program: Command): Command {
  return program
    .command('hunt <lab>')
    .description('hold CPUs at chosen functions, by many schedules, until what races fails')
    .option('--runs <n>', 'schedules to try', positive, 100)
    .option('--first <seed>', 'seed of the first; the others follow', seed, 1)
    .option('--seed <seed>', 'this schedule only: how a hit is run again', seed)
    .option(
      '--kernel <version|path>',
      'a kernel of the lab (repeatable), `all`, or a bzImage of your own',
      collect,
    )
    .option('--modules <dir>', 'modules of your own kernel: lib/modules/<release>')
    .option('--variant <name>', 'a variant whose host is hunted in (default: the first)', collect)
    .option('--axis <name=value>', 'a value of any axis of the matrix (repeatable)', collect)
    .option('--jobs <n>', 'runs side by side (default: 2)', positive)
    .option('--json', 'as JSON')
    .option('--output <dir>', 'folder for the evidence (default: runs)');
}

export function predictCommand(program: Command): Command {
  return program
    .command('predict [lab]')
    .description('at which virtio-blk disk the interrupt vectors run out, without booting')
    .option('--kernel <release>', 'as `uname -r` prints it; of a lab, one of its kernels')
    .option('--cpus <n>', 'CPUs that are online', positive)
    .option('--possible <n>', 'possible CPUs (default: those online)', positive)
    .option('--nodes <n>', 'NUMA nodes', positive)
    .option('--threads <n>', 'threads a core', positive)
    .option('--disks <n>', 'virtio-blk disks', positive)
    .option('--queues <n>', 'request queues of each', positive)
    .option('--first <n>', 'number of the first disk: 1 for virtio1', count)
    .option('--in-use <n>', 'MSI vectors in use before the disks', count)
    .option('--pinless', 'disks without an interrupt pin')
    .option('--no-affinity-hint', 'a driver that does not ask for managed affinity')
    .option('--from <files...>', "a customer's kernel logs and /proc/interrupts")
    .option('--variant <name>', 'a variant of the lab (repeatable)', collect)
    .option('--axis <name=value>', "a value of an axis of the lab's matrix (repeatable)", collect)
    .option('--prove', 'boot that machine and compare, disk by disk')
    .option('--json', 'as JSON');
}

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

export function positive(value: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('must be a whole number from 1.');
}

export function seed(value: string): number {
  if (/^[0-9]{1,10}$/.test(value) && Number(value) < 2 ** 32) return Number(value);
  throw new InvalidArgumentError('must be a whole number below 4294967296.');
}

function count(value: string): number {
  return value === '0' ? 0 : positive(value);
}
