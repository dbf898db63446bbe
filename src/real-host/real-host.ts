/** A real host in the place of the emulated one: how to reach it, and what a variant would do to it. */
import { EnvironmentError } from '../errors.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import type { SshConnection } from '../guest/ssh.ts';
import type { Action, VariantPlan } from '../lab/plan.ts';
import { fitOn } from './fit.ts';
import { asModule, type HostFunction, type Inventory, takeInventory } from './inventory.ts';
import { type RestoreStep, restoreSteps } from './restore.ts';
import { readState } from './state.ts';

export interface RealHost {
  /** ssh://root@HOST:PORT */
  url: string;
  connect: (signal: AbortSignal) => Promise<SshConnection>;
  /** Device of a lab → BDF, where the user chose. */
  chosen: ReadonlyMap<string, string>;
}

/** What a variant would do to the host, known before anything is touched. */
export interface Undertaking {
  inventory: Inventory;
  functions: ReadonlyMap<string, HostFunction>;
  state: readonly string[];
  steps: readonly RestoreStep[];
}

/** Only reads. @throws EnvironmentError HOST_UNFIT */
export async function survey(
  { url, chosen }: Pick<RealHost, 'url' | 'chosen'>,
  linux: LinuxMachine,
  variant: VariantPlan,
  folder: string,
  signal: AbortSignal,
): Promise<Undertaking> {
  const inventory = await takeInventory(linux, signal);
  const settled = variant.devices.flatMap(({ id, bdf }) => (bdf === undefined ? [] : [[id, bdf] as const]));
  const { functions, problems } = fitOn(variant, inventory, new Map([...chosen, ...settled]));
  if (problems.length > 0) {
    throw new EnvironmentError(`${variant.id} cannot run on ${url}: ${problems.join('; ')}`, {
      code: 'HOST_UNFIT',
      next: `Nothing was touched. \`vflab inventory ${url}\` shows what the host has.`,
    });
  }
  const state = await readState(linux, signal);
  return {
    inventory,
    functions,
    state,
    steps: restoreSteps({ variant, functions, inventory, state, folder }),
  };
}

/** The variants as they run on a real host: its own kernel, its own functions, nothing booted. */
export function onRealHost(
  variants: readonly VariantPlan[],
  url: string,
  functionsOf: (variant: VariantPlan) => ReadonlyMap<string, HostFunction>,
): VariantPlan[] {
  return variants.map((variant) => {
    const functions = functionsOf(variant);
    const { kernel } = variant.axes;
    return {
      ...variant,
      id: kernel === undefined ? `host+${variant.id}` : variant.id.replace(kernel, 'host'),
      axes: { ...variant.axes, kernel: 'host' },
      host: { ...variant.host, kernel: 'host', real: { url } },
      devices: variant.devices.map((device) => ({ ...device, bdf: functions.get(device.id)!.bdf })),
      phases: variant.phases.map((phase) =>
        phase.name === 'boot-host'
          ? {
              ...phase,
              title: `Take over ${url}`,
              // The guests' files go over the network.
              budgetMs: phase.budgetMs + 120_000,
              actions: phase.actions.map(
                (action): Action => (action.do === 'boot-host' ? { do: 'adopt-host' } : action),
              ),
            }
          : phase,
      ),
    };
  });
}

/** What it does to the host, one sentence each, in the order it is done. */
export function touches(
  variant: VariantPlan,
  { functions, inventory }: Undertaking,
  folder: string,
): string[] {
  const bdf = (name: string) => {
    const [device, vf] = name.split('.');
    const pf = functions.get(device!)?.bdf ?? name;
    return vf === undefined ? pf : `${vf} of ${pf}`;
  };
  const of = (action: Action): string[] => {
    switch (action.do) {
      case 'adopt-host':
        return [`keep files in ${folder} and a process that puts all back; write markers to the kernel log`];
      case 'load-modules': {
        const isLoaded = (name: string) =>
          name === '{kvm}' ? inventory.kvm : inventory.modules.includes(asModule(name));
        const absent = action.modules
          .filter((name) => !isLoaded(name))
          .map((name) => (name === '{kvm}' ? 'kvm-intel or kvm-amd' : name));
        return action.on === 'host' && absent.length > 0 ? [`load modules: ${absent.join(', ')}`] : [];
      }
      case 'create-vfs': {
        const device = variant.devices.find((d) => d.id === action.device)!;
        const address = device.address === undefined ? '' : ` give it the address ${device.address},`;
        return [
          `bring ${bdf(device.id)} up,${address} and make ${device.vfs.length === 1 ? 'a VF' : `${device.vfs.length} VFs`} of it`,
        ];
      }
      case 'bind-driver':
        return [`bind ${bdf(action.function)} to ${action.driver}`];
      case 'start-guest':
        return [
          `start the VM ${action.guest}, QEMU with ${variant.guests.find((g) => g.id === action.guest)!.spec.memoryMiB} MiB`,
        ];
      case 'inject': {
        const fault = variant.faults[action.fault]!;
        return 'target' in fault && 'error' in fault
          ? [
              `simulate the error ${fault.error} (${fault.severity}) on ${bdf(String(fault.target))} by aer_inject, its mask and severity set for it, with probes on the error handlers`,
            ]
          : [`inject ${action.fault}`];
      }
      default:
        return [];
    }
  };
  return variant.phases.flatMap((phase) => phase.actions.flatMap(of));
}
