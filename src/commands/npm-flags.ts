/**
 * `npm run lab vf-aer-hang --json`: npm keeps the flag for itself (as `npm_config_json`) and we see nothing.
 * Running without it would surprise; say so instead.
 */
import { UsageError } from '../errors.ts';

const scripts = ['lab', 'vflab'];

const flags = [
  'axis',
  'bisect',
  'dry-run',
  'json',
  'junit',
  'keep',
  'kernel',
  'modules',
  'output',
  'repeat',
  'variant',
];

/** @throws UsageError NPM_ATE_FLAG */
export function checkNpmFlags(env: Record<string, string | undefined>, argv: readonly string[]): void {
  const script = env.npm_lifecycle_event;
  // Inside `npm test` and the like these variables are not about us.
  if (script === undefined || !scripts.includes(script)) return;
  const eaten = flags.filter((flag) => {
    const value = env[`npm_config_${flag.replace('-', '_')}`];
    return value !== undefined && value !== '' && value !== 'false';
  });
  if (eaten.length === 0) return;
  const words = script === 'lab' && argv[0] === 'run' ? argv.slice(1) : argv;
  const given = eaten.map((flag) => {
    const value = env[`npm_config_${flag.replace('-', '_')}`];
    return value === 'true' ? `--${flag}` : `--${flag} ${value}`;
  });
  // What npm took a value from stays behind as a word of its own where the flag was last; drop nothing, show the form.
  throw new UsageError(`npm kept ${eaten.map((flag) => `--${flag}`).join(', ')} for itself`, {
    code: 'NPM_ATE_FLAG',
    next: `put \`--\` before the flags: npm run ${script} -- ${[...words, ...given].join(' ')}`,
  });
}
