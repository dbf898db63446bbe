/**
 * `npm run lab vf-aer-hang --json`: npm keeps the flag for itself (as `npm_config_json`) and we see nothing.
 * Running without it would surprise; say so instead.
 */
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';

const scripts = ['lab', 'vflab'];

/** npm has these itself and may have them from its configuration, so that they say nothing about us. */
const npmsOwn = ['color', 'quiet', 'verbose', 'version', 'yes'];

/** @param program whose flags are looked for. @throws UsageError NPM_ATE_FLAG */
export function checkNpmFlags(
  env: Record<string, string | undefined>,
  argv: readonly string[],
  program: Command,
): void {
  const script = env.npm_lifecycle_event;
  // Inside `npm test` and the like these variables are not about us.
  if (script === undefined || !scripts.includes(script)) return;
  const options = program.commands
    .flatMap((command) => command.options)
    .filter((option) => !option.negate)
    .map((option) => ({ flag: option.long!.slice(2), isSwitch: option.isBoolean() }))
    .filter(({ flag }) => !npmsOwn.includes(flag));
  const switches = options.flatMap(({ flag, isSwitch }) => (isSwitch ? [flag] : []));
  const eaten = [...new Set(options.map(({ flag }) => flag))].sort().flatMap((flag) => {
    const value = env[`npm_config_${flag.replaceAll('-', '_')}`];
    return value === undefined || value === '' || value === 'false' ? [] : [{ flag, value }];
  });
  if (eaten.length === 0) return;
  const words = script === 'lab' && argv[0] === 'run' ? argv.slice(1) : [...argv];
  const given = eaten.map(({ flag, value }) => {
    if (switches.includes(flag)) return `--${flag}`;
    // `--kernel=6.1` went whole; of `--kernel 6.1` npm took the flag and left the value behind as a word.
    return `--${flag} ${value === 'true' ? ((words.length > 1 ? words.pop() : undefined) ?? '…') : value}`;
  });
  throw new UsageError(`npm kept ${eaten.map(({ flag }) => `--${flag}`).join(', ')} for itself`, {
    code: 'NPM_ATE_FLAG',
    next: `put \`--\` before the flags: npm run ${script} -- ${[...words, ...given].join(' ')}`,
  });
}
