/**
 * `npm run lab vf-aer-hang --json`: npm keeps the flag for itself (as `npm_config_json`) and we see nothing.
 * Running without it would surprise; say so instead.
 */
import { UsageError } from '../errors.ts';

const scripts = ['lab', 'vflab'];

const switches = ['bisect', 'dry-run', 'json', 'keep', 'refresh'];
const withValue = ['axis', 'junit', 'kernel', 'modules', 'output', 'repeat', 'variant'];

/** @throws UsageError NPM_ATE_FLAG */
export function checkNpmFlags(env: Record<string, string | undefined>, argv: readonly string[]): void {
  const script = env.npm_lifecycle_event;
  // Inside `npm test` and the like these variables are not about us.
  if (script === undefined || !scripts.includes(script)) return;
  const eaten = [...switches, ...withValue].flatMap((flag) => {
    const value = env[`npm_config_${flag.replace('-', '_')}`];
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
