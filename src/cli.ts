/** The command line: parse it, call one command, map the outcome to an exit code. Commands load when called. */
import { Command, CommanderError } from 'commander';
import type { CommandContext, Output, RunPlan } from './commands/context.ts';
import { exitCodeHelp, runHelp } from './commands/help.ts';
import { checkNpmFlags } from './commands/npm-flags.ts';
import { collect, positive, predictCommand, runCommand } from './commands/options.ts';
import type { RunCommandOptions } from './commands/run.ts';
import { EnvironmentError, exitCodes, isKnownError, UsageError } from './errors.ts';
import { styleFor, useColour } from './report/colour.ts';
import { knownErrorText } from './report/known-error.ts';

/** @param runPlan what executes a plan; tests of the command line give one that boots nothing. */
export async function main(argv: readonly string[], runPlan: RunPlan = realRunPlan): Promise<number> {
  const noColorFlag = argv.includes('--no-color');
  const context: CommandContext = {
    cwd: process.cwd(),
    env: process.env,
    out: output(process.stdout, noColorFlag),
    err: output(process.stderr, noColorFlag),
    argv,
    runPlan,
  };
  let exitCode: number = exitCodes.asExpected;
  const program = commandLine(context, (code) => {
    exitCode = code;
  });
  try {
    checkNpmFlags(context.env, argv);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return failure(error, context, argv.includes('--bisect'));
  }
}

function commandLine(context: CommandContext, exit: (code: number) => void): Command {
  const program = new Command('vflab')
    .description('QEMU/VFIO passthrough test harness and fault-injection lab.')
    .option('--no-color', 'no colours (so does NO_COLOR)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: () => {} });

  program
    .command('list')
    .description('the labs there are')
    .option('--json', 'as JSON')
    .action(async (options) => exit(await (await import('./commands/list.ts')).list(context, options)));

  program
    .command('show <lab>')
    .description("what a lab tries, or a run folder's result")
    .option('--json', 'as JSON, every default filled in')
    .action(async (lab, options) =>
      exit(await (await import('./commands/show.ts')).show(context, lab, options)),
    );

  program
    .command('validate [files...]')
    .description('find every problem of lab files (default: all of labs/)')
    .action(async (files) => exit(await (await import('./commands/validate.ts')).validate(context, files)));

  program
    .command('schema')
    .description('the JSON Schema of a lab file, for editors')
    .action(async () => exit((await import('./commands/schema.ts')).schema(context)));

  runCommand(program)
    .addHelpText('after', runHelp)
    .action(async (labs: string[], options: RunCommandOptions) =>
      exit(await (await import('./commands/run.ts')).run(context, labs, options)),
    );

  program
    .command('verdict <run-folder>')
    .description('judge a stored run again, without QEMU')
    .option('--json', 'result.json')
    .option('-v, --verbose', 'the chain and findings of every variant')
    .action(async (folder, options) =>
      exit(await (await import('./commands/verdict.ts')).verdict(context, folder, options)),
    );

  program
    .command('check-trace <file>')
    .description('hold a trace of irq_matrix events against the model (- is stdin)')
    .option('--kernel <release>', 'the kernel that was traced, as `uname -r` says it; else all are allowed')
    .option('--json', 'as JSON')
    .action(async (file, options) =>
      exit(await (await import('./commands/check-trace.ts')).checkTrace(context, file, options)),
    );

  program
    .command('inspect')
    .description("the vector matrix of a running kernel, read through QEMU's gdb stub")
    .requiredOption('--gdb <address>', "the stub, as QEMU's -gdb has it: HOST:PORT or unix:PATH")
    .requiredOption('--btf <file>', "the kernel's /sys/kernel/btf/vmlinux, or its vmlinux")
    .requiredOption('--kallsyms <file>', 'its /proc/kallsyms of this boot, as root reads it')
    .option('--no-resume', 'leave the machine stopped, as QEMU stops it when a debugger connects')
    .option('--json', 'as JSON')
    .action(async (options) => exit(await (await import('./commands/inspect.ts')).inspect(context, options)));

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
      exit((await import('./commands/explore.ts')).explore(context, race, options)),
    );

  predictCommand(program).action(async (lab: string | undefined, options) =>
    exit(await (await import('./commands/predict.ts')).predict(context, lab, options)),
  );

  program
    .command('ledger <files...>')
    .description("every interrupt raised and what became of it: a variant's folder, or its traces")
    .option('--json', 'as JSON')
    .action(async (files, options) =>
      exit(await (await import('./commands/ledger.ts')).ledger(context, files, options)),
    );

  program
    .command('diagnose <files...>')
    .description('explain what is wrong with interrupts in logs (dmesg, journal, QEMU, lspci; - is stdin)')
    .option('--json', 'as JSON')
    .option('--lab <file>', 'write a lab that reproduces it here')
    .action(async (files, options) =>
      exit(await (await import('./commands/diagnose.ts')).diagnose(context, files, options)),
    );

  return program;
}

const realRunPlan: RunPlan = async (plan, options) => (await import('./run/run.ts')).runPlan(plan, options);

function output(stream: NodeJS.WriteStream, noColorFlag: boolean): Output {
  const isTTY = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    style: styleFor(useColour({ noColorFlag, env: process.env, isTTY })),
    columns: () => (isTTY ? (stream.columns ?? 80) : 0),
  };
}

/** Known errors short, unknown ones whole: those are bugs of ours. */
function failure(error: unknown, { err }: CommandContext, bisect: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.asExpected;
    const message = error.message.replace(/^error: /, '').replace(/\n$/, '');
    const help = error.code === 'commander.help' ? 'no command given' : message;
    err.write(
      knownErrorText(
        new UsageError(help, { code: 'BAD_COMMAND_LINE', next: '`vflab --help`, `vflab run --help`' }),
        err.style,
      ),
    );
    return bisect ? exitCodes.bisectAbort : exitCodes.usage;
  }
  if (!isKnownError(error)) {
    err.write(`${err.style.red('internal error')}: this is a bug of vflab, please report it whole\n`);
    err.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return bisect ? exitCodes.bisectAbort : exitCodes.labBroke;
  }
  err.write(knownErrorText(error, err.style));
  if (!bisect) return error.exitCode;
  const stop = error instanceof UsageError || error instanceof EnvironmentError;
  return stop ? exitCodes.bisectAbort : exitCodes.bisectSkip;
}

if (import.meta.main) {
  // A reader that goes away (`vflab list | head -1`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await main(process.argv.slice(2));
  leaveEvenIf('something of ours is still open');
}

/** A leak must not hang a CI job after its verdict. Unreferenced, so that it only fires when there is one. */
function leaveEvenIf(complaint: string): void {
  const bound = setTimeout(() => {
    process.stderr.write(`bug of vflab: ${complaint}: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit();
  }, 5_000);
  bound.unref();
}
