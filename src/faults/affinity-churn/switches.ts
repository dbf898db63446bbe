/**
 * What the host makes of a churn inside a guest: probes on the function of vfio-pci that changes the trigger of a
 * vector, and on the request of an interrupt that follows. In a trace instance of its own, so that no other trace is
 * disturbed, nor disturbs.
 */
import type { FaultContext } from '../fault.ts';

const tracing = '/sys/kernel/tracing';
const group = 'vflab_vfio';

/**
 * vfio_msi_set_vector_signal(vdev, vector, fd, msix) and request_threaded_irq(irq, handler, thread_fn, flags, name,
 * dev), the same in v6.1 and v6.12.
 */
const probes = [
  `p:${group}/switch vfio_msi_set_vector_signal vector=%si:u32 fd=%dx:s32`,
  `r:${group}/switched vfio_msi_set_vector_signal ret=$retval:s32`,
  `p:${group}/request request_threaded_irq irq=%di:u32 name=+0(%r8):string`,
];

/** Of each CPU: some 200 bytes a switch. */
const bufferKiB = 16_384;

const instanceOf = ({ id, occurrence }: FaultContext) => `${tracing}/instances/vflab-${id}-${occurrence}`;

/** @returns false where the host's kernel takes no such probe. */
export async function traceSwitches(ctx: FaultContext, signal: AbortSignal): Promise<boolean> {
  const instance = instanceOf(ctx);
  const events = `${instance}/events/${group}`;
  const result = await ctx.host.run(
    `{ [ -e ${tracing}/events/${group}/switched ] || { ${probes.map((line) => `echo '${line}' >> ${tracing}/kprobe_events`).join(' && ')}; }; } && ` +
      `mkdir -p ${instance} && echo ${bufferKiB} > ${instance}/buffer_size_kb && ` +
      `echo 'name ~ "vfio-msi*"' > ${events}/request/filter && echo 1 > ${events}/enable`,
    signal,
  );
  return result.exitCode === 0;
}

/** Ends the trace, and keeps it in the run folder. */
export async function readSwitches(ctx: FaultContext, signal: AbortSignal): Promise<string> {
  const instance = instanceOf(ctx);
  const { stdout } = await ctx.host.ssh.exec(
    `echo 0 > ${instance}/events/${group}/enable; cat ${instance}/trace; rmdir ${instance}`,
    signal,
  );
  ctx.file(`faults/${ctx.id}.${ctx.occurrence}.vfio-trace`, stdout);
  return stdout;
}
