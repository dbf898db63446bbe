/** Boots a scenario's machine with the tracepoints on since boot, stirs, and takes the trace out of it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabBrokeError } from '../src/errors.ts';
import type { LinuxMachine } from '../src/guest/linux.ts';
import type { BuildContext } from '../src/images/cache.ts';
import { loadLab } from '../src/lab/load.ts';
import { makePlan } from '../src/lab/make-plan.ts';
import type { Plan } from '../src/lab/plan.ts';
import { chooseAccelerator } from '../src/machine/accel.ts';
import type { RunningHost, VariantContext } from '../src/run/context.ts';
import { launchFiles } from '../src/run/launch-files.ts';
import { probeGuest } from '../src/run/probe-guest.ts';
import { runVariant } from '../src/run/variant.ts';
import type { Scenario, Step } from './scenario.ts';
import { traceWords } from './words.ts';

export interface Recording {
  /** ftrace's text. */
  trace: string;
  dmesg: string;
  interrupts: string;
  /** Release and package version of the kernel, by the names of `launchFiles`. */
  versions: Record<string, string>;
  /** Events that the rings did not keep. */
  lost: number;
}

/** How long the text of a ring takes to print and to send, at reference speed. */
const readSeconds = 120;

/**
 * @param also Takes more from the machine, after the steps, when nothing is traced any more.
 * @throws LabBrokeError when the machine, or QEMU, broke. Events lost are no error here: see `lost`.
 */
export async function record(
  scenario: Scenario,
  kernel: string,
  context: BuildContext,
  also?: (linux: LinuxMachine, limit: AbortSignal) => Promise<void>,
): Promise<Recording> {
  const plan = planOf(scenario, kernel);
  const variant = plan.variants[0]!;
  const signal = context.signal ?? new AbortController().signal;
  const files = await launchFiles(context, plan, variant);
  const accelerator = await chooseAccelerator({ guest: probeGuest(files), cacheDir: context.cache, signal });
  const folder = await mkdtemp(join(tmpdir(), 'vflab-record-'));
  let recording: Recording | undefined;
  try {
    const run = await runVariant({
      plan: variant,
      folder,
      accelerator,
      files,
      signal,
      onPhase: ({ title }) => context.onProgress(`${kernel} ${scenario.name}: ${title}`),
      onPhaseEnd: () => {},
      async beforeTeardown(ctx, stop) {
        const host = new StirredHost(ctx, `${kernel} ${scenario.name}`, context.onProgress, stop);
        await host.prepare();
        await host.play(scenario.steps);
        recording = { ...(await host.read()), versions: files.versions };
        await also?.(host.linux, host.limit(readSeconds));
      },
    });
    if (run.error) throw new LabBrokeError(run.error.message, { ...run.error });
    return recording!;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A lab's plan whose machine is the scenario's and which ends when the host is up: the steps do the rest. */
export function planOf(scenario: Scenario, kernel: string): Plan {
  const { cpus, interruptRemapping, memoryMiB = 2048 } = scenario;
  const words = [...traceWords(scenario.ringKiB, cpus), ...(scenario.words ?? [])];
  const loaded = loadLab(
    JSON.stringify({
      title: scenario.title,
      failure: 'vm-stopped-by-aer',
      host: { memoryMiB, interruptRemapping, cmdline: words },
      matrix: { kernel: [kernel] },
      variants: { recorded: { expect: { verdict: 'clean' } } },
    }),
    `${scenario.name}.yaml`,
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const planned = makePlan(loaded.lab, { name: scenario.name, file: `${scenario.name}.yaml` });
  if (!planned.ok) throw new Error(JSON.stringify(planned));
  const variant = planned.plan.variants[0]!;
  Object.assign(variant.host.spec, { cpus, pci: scenario.devices });
  variant.phases = variant.phases.slice(0, 1);
  // A CPU's own bring-up is what a big machine's boot is made of.
  variant.phases[0]!.budgetMs += cpus * 10_000;
  return planned.plan;
}

class StirredHost {
  readonly #ctx: VariantContext;
  readonly #host: RunningHost;
  readonly #name: string;
  readonly #progress: (text: string) => void;
  readonly #stop: AbortSignal;

  constructor(ctx: VariantContext, name: string, progress: (text: string) => void, stop: AbortSignal) {
    this.#ctx = ctx;
    this.#host = ctx.host!;
    this.#name = name;
    this.#progress = progress;
    this.#stop = stop;
  }

  get linux(): LinuxMachine {
    return this.#host.linux;
  }

  limit(seconds: number): AbortSignal {
    return AbortSignal.any([this.#stop, AbortSignal.timeout(this.#ctx.scaled(seconds * 1000))]);
  }

  async prepare(): Promise<void> {
    const stir = readFileSync(join(import.meta.dirname, 'stir.sh'), 'utf8');
    await this.linux.must(`cat >/run/stir.sh <<'END-OF-STIR'\n${stir}END-OF-STIR`, this.limit(30));
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if ('times' in step) for (let i = 0; i < step.times; i += 1) await this.play(step.steps);
      else if ('sh' in step) await this.#shell(step.sh, step.limitSeconds ?? 60);
      else if ('plug' in step) await this.#plug(step.plug, step.port, step.queues);
      else await this.#unplug(step.unplug);
    }
  }

  async read(): Promise<Omit<Recording, 'versions'>> {
    const print = async (command: string) => {
      const { stdout } = await this.linux.ssh.exec(command, this.limit(readSeconds));
      return stdout;
    };
    await print('echo 0 >/sys/kernel/tracing/tracing_on');
    const stats = await print('cat /sys/kernel/tracing/per_cpu/cpu*/stats');
    const lost = [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)];
    return {
      trace: await print('cat /sys/kernel/tracing/trace'),
      dmesg: await print('dmesg'),
      interrupts: await print('cat /proc/interrupts'),
      lost: lost.reduce((sum, [, count]) => sum + Number(count), 0),
    };
  }

  /** What fails in it is part of the stir; what does not end breaks the recording. */
  async #shell(command: string, seconds: number): Promise<void> {
    const t0 = performance.now();
    await this.linux.run(`. /run/stir.sh; { ${command}; } >/dev/null 2>&1`, this.limit(seconds));
    this.#progress(`${this.#name}: ${((performance.now() - t0) / 1000).toFixed(1)} s: ${command}`);
  }

  async #plug(id: string, port: string, queues: number): Promise<void> {
    const { qmp } = this.#host.machine;
    const limit = this.limit(30);
    const node = `${id}-medium`;
    await qmp.execute('blockdev-add', { driver: 'null-co', 'node-name': node, size: 1 << 24 }, limit);
    const device = { driver: 'virtio-blk-pci', id, bus: port, drive: node, 'num-queues': queues };
    await qmp.execute('device_add', device, limit);
  }

  /** The kernel lets go after a blinking time of 5 s (drivers/pci/hotplug/pciehp_ctrl.c), of all at once. */
  async #unplug(ids: readonly string[]): Promise<void> {
    const { qmp } = this.#host.machine;
    const limit = this.limit(60);
    const from = qmp.mark();
    for (const id of ids) await qmp.execute('device_del', { id }, limit);
    for (const id of ids) {
      await qmp.waitForEvent('DEVICE_DELETED', {
        from,
        where: ({ data }) => data.device === id,
        signal: limit,
      });
      await qmp.execute('blockdev-del', { 'node-name': `${id}-medium` }, limit);
    }
    this.#progress(`${this.#name}: unplugged ${ids.join(', ')}`);
  }
}
