/** The command line: parse it, call one command, map the outcome to an exit code. Commands load when called. */
import { type Command, CommanderError } from 'commander';
import type { CommandContext, Output, RunPlan } from './commands/context.ts';
import { watchOutput } from './commands/lost-output.ts';
import { checkNpmFlags } from './commands/npm-flags.ts';
import { commandLine } from './commands/program.ts';
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
    checkNpmFlags(context.env, argv, program);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return failure(error, context, argv.includes('--bisect'), program);
  }
}

/** What is wrong with the command line, and whose help says what would be right. */
function badCommandLine(error: CommanderError, argv: readonly string[], program: Command): UsageError {
  const message = error.message.replace(/^error: /, '').replace(/\n$/, '');
  // Commander prints its help where no command is given, or one that `help` does not know.
  const noCommand = argv[0] === 'help' ? `unknown command '${argv[1]}'` : 'no command given';
  const command = program.commands.find((one) => one.name() === argv.find((word) => !word.startsWith('-')));
  return new UsageError(error.code === 'commander.help' ? noCommand : message, {
    code: 'BAD_COMMAND_LINE',
    next: command ? `\`vflab ${command.name()} --help\`` : '`vflab --help` lists the commands',
  });
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
function failure(error: unknown, { err, argv }: CommandContext, bisect: boolean, program: Command): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.asExpected;
    err.write(knownErrorText(badCommandLine(error, argv, program), err.style));
    return bisect ? exitCodes.bisectAbort : exitCodes.usage;
  }
  // What an interrupted command was waiting for throws the signal's reason, and the user knows it.
  if (error === 'SIGINT') return exitCodes.interrupted;
  if (error === 'SIGTERM') return exitCodes.terminated;
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
  const argv = process.argv.slice(2);
  const lost = watchOutput(argv.includes('--bisect'));
  const exitCode = await main(argv);
  process.exitCode = lost() ?? exitCode;
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
