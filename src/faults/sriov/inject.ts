/** Up and down. How many functions the kernel had is counted in sysfs, on either side. */
import type { FaultContext } from '../fault.ts';
import type { SriovFault } from './schema.ts';

export interface VfCycle {
  wanted: number;
  /** VFs that had a driver while they were enabled. */
  driven: number;
  /** VFs that are left after they were disabled. */
  left: number;
}

export async function injectSriov(
  fault: SriovFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<VfCycle> {
  const { host } = ctx;
  const dir = `/sys/bus/pci/devices/${ctx.bdfOf(fault.target)}`;
  const wanted = 1 + Math.floor(ctx.random() * fault.most);
  const pause = (ctx.random() * 0.5).toFixed(2);
  const network = ctx.plan.devices.find((device) => device.id === fault.target)?.address;
  const gateway = network?.replace(/\.\d+\/\d+$/, '.2');
  const ping = `timeout 30 ping -q -i 0.01 -I $(ls ${dir}/net) ${gateway} >/dev/null 2>&1 & p=$!; `;
  const busy = fault.busy && gateway !== undefined;
  const t0 = ctx.now();
  const { stdout, stderr } = await host.run(
    `${busy ? ping : ''}echo 1 > ${dir}/sriov_drivers_autoprobe; echo ${wanted} > ${dir}/sriov_numvfs; ` +
      `echo "driven $(ls -d ${dir}/virtfn*/driver 2>/dev/null | wc -l)"; sleep ${pause}; ` +
      `echo 0 > ${dir}/sriov_numvfs; echo "left $(ls -d ${dir}/virtfn* 2>/dev/null | wc -l)"; ${busy ? 'kill $p' : ''}`,
    signal,
  );
  const count = (word: string) => Number(new RegExp(`^${word} (\\d+)$`, 'm').exec(stdout)?.[1] ?? Number.NaN);
  const cycle = { wanted, driven: count('driven'), left: count('left') };
  ctx.injected('kernel', t0, `${JSON.stringify(cycle)} ${stderr}`.trim());
  return cycle;
}
