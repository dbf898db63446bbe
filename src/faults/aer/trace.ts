/**
 * Lets the host's kernel say what it logs nowhere: which function was asked at each step of a recovery, and what
 * its driver answered. A probe on the entry and the return of every error handler (`struct pci_error_handlers`),
 * read from the trace afterwards.
 */
import type { LinuxMachine } from '../../guest/linux.ts';

/**
 * Error handlers by driver. Source: igb_main.c igb_err_handler, igbvf/netdev.c igbvf_err_handler, nvme/host/pci.c
 * nvme_err_handler, vfio/pci/vfio_pci_core.c vfio_pci_core_err_handlers; the same names in v6.1, v6.12 and v7.2.
 */
const handlers: Record<string, Record<string, string>> = {
  igb: { error_detected: 'igb_io_error_detected', slot_reset: 'igb_io_slot_reset', resume: 'igb_io_resume' },
  igbvf: {
    error_detected: 'igbvf_io_error_detected',
    slot_reset: 'igbvf_io_slot_reset',
    resume: 'igbvf_io_resume',
  },
  nvme: { error_detected: 'nvme_error_detected', slot_reset: 'nvme_slot_reset', resume: 'nvme_error_resume' },
  'vfio-pci': { error_detected: 'vfio_pci_core_aer_err_detected' },
};

const tracing = '/sys/kernel/tracing';

/**
 * `struct pci_dev` begins with five pointers after its list head, then devfn, vendor and device
 * (include/linux/pci.h, unchanged from v4.18 to v7.2); vendor and device in the record show that it does.
 */
const device = 'devfn=+56(%di):u32 vendor=+60(%di):x16 device=+62(%di):x16';

/** error_detected is asked while the channel is normal (1) or frozen (2), and told that it is given up (3). */
const channel = 'state=%si:u32';

/** @returns The definitions for `kprobe_events`, for these drivers. */
export function probeDefinitions(drivers: Iterable<string>): string[] {
  return [...new Set(drivers)].flatMap((driver) =>
    Object.entries(handlers[driver] ?? {}).flatMap(([step, symbol]) => {
      const name = `vflab/${driver.replaceAll('-', '_')}__${step}`;
      const answers = step !== 'resume';
      return [
        `p:${name} ${symbol} ${device}${step === 'error_detected' ? ` ${channel}` : ''}`,
        ...(answers ? [`r:${name}__answer ${symbol} answer=$retval:s32`] : []),
      ];
    }),
  );
}

/** Sets the probes. A kernel that refuses one (no kprobes, other names) goes without: the log still speaks. */
export async function traceRecovery(
  host: LinuxMachine,
  drivers: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const lines = probeDefinitions(drivers).map((line) => `echo '${line}' >> ${tracing}/kprobe_events`);
  // Set anew, they would miss what a recovery under way does; one that is set already is left alone.
  const names = probeDefinitions(drivers).length;
  await host.run(
    `cd ${tracing}; [ "$(grep -c ':vflab/' kprobe_events)" = ${names} ] && [ "$(cat events/vflab/enable)" = 1 ] && exit 0\n` +
      // Only our own: a real host may have others.
      `echo 0 > events/vflab/enable 2>/dev/null; ` +
      `grep -o ':vflab/[^ ]*' kprobe_events | while read -r p; do echo "-$p" >> kprobe_events; done; ` +
      `${lines.join('; ')}; echo 1 > ${tracing}/events/vflab/enable`,
    signal,
  );
}

/** The trace so far, in ftrace's text format. */
export async function readTrace(host: LinuxMachine, signal: AbortSignal): Promise<string> {
  return (await host.ssh.exec(`cat ${tracing}/trace`, signal)).stdout;
}
