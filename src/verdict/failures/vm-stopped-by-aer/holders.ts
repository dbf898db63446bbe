/** Which guest holds which function at a moment: hot-unplug and hot-plug change it. */
import type { QmpEvent } from '../../../evidence/qmp.ts';
import type { VariantPlan } from '../../../lab/plan.ts';

/** True while the guest's QEMU has the function open. */
export function isHeld(
  plan: VariantPlan,
  guest: string,
  fn: string,
  qmp: readonly QmpEvent[],
  t: number,
): boolean {
  const pass = plan.guests.find((g) => g.id === guest)?.passthrough.find((p) => p.function === fn);
  if (!pass) return false;
  const touching = plan.phases
    .flatMap((phase) => phase.actions)
    .find((a) => (a.do === 'plug' || a.do === 'unplug') && a.function === fn);
  // A function whose first action is to be plugged was not on QEMU's command line.
  let held = touching?.do !== 'plug';
  for (const event of qmp) {
    if (event.t > t) break;
    if (event.kind === 'device-deleted' && event.device === pass.qdevId) held = false;
    else if (event.kind === 'shutdown') held = false;
    else if (event.kind === 'command' && event.name === 'device_add' && event.error === undefined) {
      if (event.args.id === pass.qdevId) held = true;
    }
  }
  return held;
}
