/** Every command, its options and what it calls. A command's own code loads when it is called. */
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { CommandContext } from './context.ts';
import { commandHelp, exitCodeHelp, runHelp } from './help.ts';
import { collect, huntCommand, inventoryCommand, positive, predictCommand, runCommand } from './options.ts';
import type { RunCommandOptions } from './run.ts';

export function commandLine(context: CommandContext, exit: (code: number) => void): Command {
  const program = new Command('vflab')
    .description('QEMU/VFIO passthrough test harness and fault-injection lab.')
    .option('--no-color', 'no colours (so does NO_COLOR)')
    .version(`vflab ${packageJson.version}`, '-V, --version', 'version')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: () => {} });

  program
    .command('list')
    .description('the labs there are')
    .option('--json', 'as JSON')
    .action(async (options) => exit(await (await import('./list.ts')).list(context, options)));

  program
    .command('show <lab>')
    .description("what a lab tries, or a run folder's result")
    .option('--json', 'as JSON, every default filled in')
    .action(async (lab, options) => exit(await (await import('./show.ts')).show(context, lab, options)));

  program
    .command('validate [files...]')
    .description('find every problem of lab files (default: all of labs/)')
    .action(async (files) => exit(await (await import('./validate.ts')).validate(context, files)));

  program
    .command('schema')
    .description('the JSON Schema of a lab file, for editors')
    .action(async () => exit((await import('./schema.ts')).schema(context)));

  runCommand(program)
    .addHelpText('after', runHelp)
    .action(async (labs: string[], options: RunCommandOptions) =>
      exit(await (await import('./run.ts')).run(context, labs, options)),
    );

  program
    .command('verdict <run-folder>')
    .description('judge a stored run again, without QEMU')
    .option('--json', 'result.json')
    .option('-v, --verbose', 'the chain and findings of every variant')
    .action(async (folder, options) =>
      exit(await (await import('./verdict.ts')).verdict(context, folder, options)),
    );

  program
    .command('compare <old> <new>')
    .description('which variants end otherwise in the second of two runs of a lab')
    .option('--json', 'as JSON')
    .addHelpText('after', commandHelp.compare)
    .action(async (before, after, options) =>
      exit(await (await import('./compare.ts')).compare(context, [before, after], options)),
    );

  program
    .command('check-trace <file>')
    .description('hold a trace of irq_matrix events against the model (- is stdin)')
    .option('--kernel <release>', 'the kernel that was traced, as `uname -r` says it; else all are allowed')
    .option('--json', 'as JSON')
    .addHelpText('after', commandHelp.checkTrace)
    .action(async (file, options) =>
      exit(await (await import('./check-trace.ts')).checkTrace(context, file, options)),
    );

  program
    .command('inspect')
    .description("the vector matrix of a running kernel, read through QEMU's gdb stub")
    .requiredOption('--gdb <address>', "the stub, as QEMU's -gdb has it: HOST:PORT or unix:PATH")
    .requiredOption('--btf <file>', "the kernel's /sys/kernel/btf/vmlinux, or its vmlinux")
    .requiredOption('--kallsyms <file>', 'its /proc/kallsyms of this boot, as root reads it')
    .option('--no-resume', 'leave the machine stopped, as QEMU stops it when a debugger connects')
    .option('--json', 'as JSON')
    .action(async (options) => exit(await (await import('./inspect.ts')).inspect(context, options)));

  huntCommand(program)
    .addHelpText('after', commandHelp.hunt)
    .action(async (lab: string, options) =>
      exit(await (await import('./hunt.ts')).hunt(context, lab, options)),
    );

  program
    .command('explore [race]')
    .description(
      'every interleaving of a race, in the model: what each cure is worth (without a name: the races)',
    )
    .option(
      '--variant <name>',
      'one cure or kernel only, with the shortest way to each problem that it leaves',
    )
    .option('--bound <name=n>', 'how far the search goes: raises=3 (repeatable)', collect)
    .option('--memory-mib <n>', 'where a search ends, incomplete (default: 4096)', positive)
    .option('--json', 'as JSON')
    .action(async (race, options) =>
      exit(await (await import('./explore.ts')).explore(context, race, options)),
    );

  inventoryCommand(program).action(async (url: string, options) =>
    exit(await (await import('./real-host.ts')).inventory(context, url, options)),
  );

  predictCommand(program)
    .addHelpText('after', commandHelp.predict)
    .action(async (lab: string | undefined, options) =>
      exit(await (await import('./predict.ts')).predict(context, lab, options)),
    );

  program
    .command('ledger <files...>')
    .description("every interrupt raised and what became of it: a variant's folder, or its traces")
    .option('--json', 'as JSON')
    .action(async (files, options) =>
      exit(await (await import('./ledger.ts')).ledger(context, files, options)),
    );

  program
    .command('diagnose <files...>')
    .description('explain what is wrong with interrupts in logs (dmesg, journal, QEMU, lspci; - is stdin)')
    .option('--json', 'as JSON')
    .option('--lab <file>', 'write a lab that reproduces it here')
    .addHelpText('after', commandHelp.diagnose)
    .action(async (files, options) =>
      exit(await (await import('./diagnose.ts')).diagnose(context, files, options)),
    );

  program
    .command('preflight')
    .description('which VMs will not start because two functions are on one interrupt line')
    .option(
      '--vm <name=bdf,…>',
      'a VM and its functions, in order of start (default: each function of vfio-pci)',
      collect,
    )
    .option(
      '--from <file>',
      'look at stored files (lspci -vvvnn, /proc/interrupts, dmesg), not at this machine',
      collect,
    )
    .option('--nointxmask', 'vfio-pci is loaded with nointxmask=1')
    .option('--probe', 'try DisINTx of the functions to be given away, and put it back (root)')
    .option('--json', 'as JSON')
    .addHelpText('after', commandHelp.preflight)
    .action(async (options) => exit(await (await import('./preflight.ts')).preflight(context, options)));

  return program;
}
