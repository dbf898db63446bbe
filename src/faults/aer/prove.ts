/**
 * Did the fault take effect? Never believed from the injector's exit code: the kernel's error counters have to
 * move, and its log has to name the error, after the marker that was written just before.
 */
import type { AerCounters, AerRegisters } from '../../evidence/record.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { AerInjection } from './inject.ts';
import { readRegisters, uncorrectableNames } from './registers.ts';
import type { AerFault } from './schema.ts';

export async function proveAer(
  fault: AerFault,
  { target, before, marker }: AerInjection,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const after = await readRegisters(ctx.host, target, signal);
  ctx.event({ kind: 'registers', fault: ctx.id, stage: 'after', registers: after });
  const log = await ctx.host.must('dmesg', signal);
  const since = log.slice(Math.max(0, log.indexOf(marker))).split('\n');
  return proveInjected(fault, before, after, since);
}

/** @param logSince Kernel log lines of the host since the marker before the injection. */
export function proveInjected(
  fault: AerFault,
  before: AerRegisters,
  after: AerRegisters,
  logSince: string[],
): Proof {
  const counter = counterOf(fault);
  const moved = after.counters[counter] - before.counters[counter];
  const rootMoved = (after.rootCounters?.[counter] ?? 0) - (before.rootCounters?.[counter] ?? 0);
  const reported = logSince.some((line) => isReport(line, fault, after));
  const simulated =
    fault.via === 'qemu' || logSince.some((line) => line.includes('aer_inject: Injecting errors'));
  const because = [
    `${counter} errors counted by ${after.bdf}: ${before.counters[counter]} → ${after.counters[counter]}`,
    `${counter} errors counted by root port ${after.rootBdf}: ${before.rootCounters?.[counter]} → ${after.rootCounters?.[counter]}`,
    reported ? 'the kernel log reports the error' : 'the kernel log does not report the error',
    ...(simulated ? [] : ['aer_inject did not log the injection']),
  ];
  // A fatal error's registers are not read below the port (aer_get_device_error_info), so the port's count is
  // the one that moves for every severity.
  return { proved: reported && simulated && (moved > 0 || rootMoved > 0), because };
}

export function proveHealed(registers: AerRegisters): Proof {
  const left: string[] = [];
  if (registers.uncorStatus)
    left.push(`uncorrectable status ${uncorrectableNames(registers.uncorStatus)} still set`);
  if (registers.corStatus) left.push(`correctable status 0x${registers.corStatus.toString(16)} still set`);
  // Bits 0..6 are the RW1C error bits; the interrupt message number lives in bits 27..31.
  if ((registers.rootStatus ?? 0) & 0x7f)
    left.push(`root error status 0x${registers.rootStatus?.toString(16)} still set`);
  // Correctable, non-fatal, fatal and unsupported-request detected (PCI_EXP_DEVSTA).
  if (registers.deviceStatus & 0xf)
    left.push(`device status 0x${registers.deviceStatus.toString(16)} still set`);
  return {
    proved: left.length === 0,
    because: left.length === 0 ? ['every error status register reads 0'] : left,
  };
}

function counterOf(fault: AerFault): keyof AerCounters {
  if (fault.severity === 'correctable') return 'correctable';
  return fault.severity === 'fatal' ? 'fatal' : 'nonFatal';
}

/** The root port's line names the source; wording by kernel, see drivers/pci/pcie/aer.c aer_print_port_info. */
function isReport(line: string, fault: AerFault, after: AerRegisters): boolean {
  const severity =
    fault.severity === 'correctable'
      ? /Correct(ed|able) error/
      : fault.severity === 'fatal'
        ? /Uncorrect(ed|able) \(Fatal\) error/
        : /Uncorrect(ed|able) \(Non-Fatal\) error/;
  return line.includes('AER: ') && severity.test(line) && line.includes(after.bdf);
}
