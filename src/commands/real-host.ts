/** `--host ssh://…` of `vflab run`, and `vflab inventory`: a real host, asked first and touched only with a yes. */
import { createInterface } from 'node:readline/promises';
import { exitCodes, UsageError } from '../errors.ts';
import { LinuxMachine } from '../guest/linux.ts';
import type { Plan } from '../lab/plan.ts';
import { parseAddress } from '../real-host/address.ts';
import { takeInventory } from '../real-host/inventory.ts';
import { logIn } from '../real-host/login.ts';
import { onRealHost, type RealHost, survey, touches, type Undertaking } from '../real-host/real-host.ts';
import { inventoryText, undertakingText } from '../report/real-host-text.ts';
import type { CommandContext } from './context.ts';
import { onInterrupt } from './interrupt.ts';

export interface RealHostOptions {
  host?: string;
  /** `nic0=0000:01:00.0` */
  device?: string[];
  identity?: string;
  knownHosts?: string;
  yes?: boolean;
}

/** Commands of a survey go into no record: nothing runs yet. */
const unrecorded = { now: () => 0, event: () => {} };
/** Where files go is chosen anew by each variant. */
const anyFolder = '/run/vflab-*';

/** `vflab inventory ssh://…`: what the host has. Only reads. */
export async function inventory(
  context: CommandContext,
  url: string,
  options: RealHostOptions & { json?: boolean },
): Promise<number> {
  using interrupt = onInterrupt((text) => context.err.write(text));
  const real = realHostOf(context, url, options);
  const found = await withHost(real, interrupt.signal, (linux) => takeInventory(linux, interrupt.signal));
  const { out } = context;
  out.write(
    options.json
      ? `${JSON.stringify({ url: real.url, ...found }, undefined, 2)}\n`
      : inventoryText(real.url, found, out.style),
  );
  return exitCodes.asExpected;
}

export interface OnRealHost {
  plans: Plan[];
  realHost: RealHost;
}

/**
 * The plans as they run on a real host, once the user has read what they do to it and said yes.
 * @returns undefined: the user said no
 * @throws UsageError BAD_HOST, BAD_SELECTION, CONFIRMATION_NEEDED · EnvironmentError HOST_UNFIT, HOST_KEY_UNKNOWN, NO_SSH_KEY
 */
export async function prepareRealHost(
  context: CommandContext,
  plans: readonly Plan[],
  options: RealHostOptions & { kernel?: string[]; dryRun?: boolean },
  signal: AbortSignal,
): Promise<OnRealHost | undefined> {
  if (options.kernel) {
    throw new UsageError('--kernel does not go with --host: a real host has the kernel that it has', {
      code: 'BAD_SELECTION',
      next: 'leave --kernel out, and boot the host with the kernel in question',
    });
  }
  const realHost = realHostOf(context, options.host!, options);
  const adopted = await withHost(realHost, signal, async (linux) => {
    const done: Plan[] = [];
    for (const plan of plans) {
      const found = new Map<string, Undertaking>();
      for (const variant of plan.variants)
        found.set(variant.id, await survey(realHost, linux, variant, anyFolder, signal));
      const variants = onRealHost(plan.variants, realHost.url, (variant) => found.get(variant.id)!.functions);
      for (const [i, variant] of variants.entries()) {
        const undertaking = found.get(plan.variants[i]!.id)!;
        const does = touches(variant, undertaking, anyFolder);
        context.err.write(
          undertakingText({ lab: plan.lab, variant: variant.id, url: realHost.url, does, undertaking }),
        );
      }
      done.push({ ...plan, variants });
    }
    return done;
  });
  if (options.dryRun || (await confirmed(context, options.yes ?? false, realHost.url, signal)))
    return { plans: adopted, realHost };
  return undefined;
}

function realHostOf({ env }: CommandContext, text: string, options: RealHostOptions): RealHost {
  const address = parseAddress(text);
  const { identity, knownHosts } = options;
  const credentials = {
    env,
    ...(identity === undefined ? {} : { identity }),
    ...(knownHosts === undefined ? {} : { knownHosts }),
  };
  return {
    url: address.url,
    connect: (signal) => logIn(address, credentials, signal),
    chosen: new Map((options.device ?? []).map(assignment)),
  };
}

function assignment(text: string): [string, string] {
  const match = /^([a-z][a-z0-9-]*)=([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/.exec(text);
  if (match) return [match[1]!, match[2]!];
  throw new UsageError(`--device ${text}: write the lab's name of it and its address`, {
    code: 'BAD_HOST',
    next: '--device nic0=0000:01:00.0',
  });
}

async function withHost<T>(
  real: RealHost,
  signal: AbortSignal,
  work: (linux: LinuxMachine) => Promise<T>,
): Promise<T> {
  const ssh = await real.connect(signal);
  try {
    return await work(new LinuxMachine(real.url, ssh, unrecorded));
  } finally {
    ssh.close();
  }
}

async function confirmed(
  { err }: CommandContext,
  yes: boolean,
  url: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (yes) return true;
  if (process.stdin.isTTY !== true) {
    throw new UsageError(`${url} is a real host: nothing is touched without a yes`, {
      code: 'CONFIRMATION_NEEDED',
      next: 'Read the above, then add --yes.',
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Do this to ${url}? Type yes: `, { signal });
    if (answer.trim() === 'yes') return true;
    err.write('Nothing was touched.\n');
    return false;
  } catch (error) {
    throw signal.aborted
      ? signal.reason
      : new UsageError('no answer', { code: 'CONFIRMATION_NEEDED', cause: error });
  } finally {
    lines.close();
  }
}
