/**
 * Clears what an error left behind and puts mask and severity back. An uncleared status makes the kernel blame
 * the next error on this device (peers have been bitten), so the heal has to be shown, not assumed.
 */
import type { AerRegisters } from '../../evidence/record.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { AerInjection } from './inject.ts';
import { proveHealed } from './prove.ts';
import { type AerTarget, readRegisters } from './registers.ts';
import type { AerFault } from './schema.ts';
import { readTrace } from './trace.ts';

/** The first injection knows how it was before all of them. */
export async function healAer(
  _fault: AerFault,
  [first]: readonly AerInjection[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const registers = await heal(ctx.host, first!.target, first!.before, signal);
  ctx.event({ kind: 'registers', fault: ctx.id, stage: 'healed', registers });
  // Of several at a time, the last reading has all of them.
  ctx.file('host.trace', await readTrace(ctx.host, signal));
  return proveHealed(registers);
}

/**
 * Writes back just the bits that read as set: status is RW1C, and `aer_inject`'s simulated registers toggle a
 * bit that is written as one (drivers/pci/pcie/aer_inject.c, aer_inj_write_config: `*sim ^= val`, v6.12).
 * @returns The registers afterwards, for the proof.
 */
export async function heal(
  host: LinuxMachine,
  target: AerTarget,
  before: AerRegisters,
  signal: AbortSignal,
): Promise<AerRegisters> {
  const now = await readRegisters(host, target, signal);
  const root = target.rootBdf ?? target.bdf;
  const word = (value: number) => (value >>> 0).toString(16);
  await host.must(
    `setpci -s ${target.bdf} ECAP_AER+4.l=${word(now.uncorStatus)} ECAP_AER+10.l=${word(now.corStatus)} ` +
      `ECAP_AER+8.l=${word(before.uncorMask)} ECAP_AER+c.l=${word(before.uncorSeverity)} ` +
      `ECAP_AER+14.l=${word(before.corMask)} CAP_EXP+a.w=${word(now.deviceStatus)} && ` +
      `setpci -s ${root} ECAP_AER+30.l=${word(now.rootStatus ?? 0)}`,
    signal,
  );
  return await readRegisters(host, target, signal);
}
