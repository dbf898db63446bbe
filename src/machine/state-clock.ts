/**
 * The clock in a machine's saved state: under icount a machine's time is its instructions times 2^shift ns plus a
 * bias, and both numbers are in the state, the shift is not (system/cpu-timers.c, icount_vmstate_timers). With the
 * bias set anew the machine goes on at the same time with another shift: its CPUs are slower or faster beside its timers.
 */

/**
 * The subsection's head as migration/vmstate.c, vmstate_subsection_save() writes it: QEMU_VM_SUBSECTION, the name with
 * its length, the version.
 */
const head = Buffer.from('\u0005\u000ctimer/icount\u0000\u0000\u0000\u0001', 'latin1');

/** @returns a copy. @throws {Error} if the state has not exactly one such clock */
export function withShift(state: Uint8Array, from: number, to: number): Buffer {
  const copy = Buffer.from(state);
  const at = copy.indexOf(head);
  if (at < 0 || copy.indexOf(head, at + 1) >= 0) throw new Error('the saved state has no clock of icount');
  const bias = copy.readBigInt64BE(at + head.length);
  const instructions = copy.readBigInt64BE(at + head.length + 8);
  const time = bias + (instructions << BigInt(from));
  copy.writeBigInt64BE(time - (instructions << BigInt(to)), at + head.length);
  return copy;
}
