/** The buttons of the host's slots, from QMP (who pressed) and the kernel's log (what it took a press for). */
import { ofKind } from '../../../evidence/harness.ts';
import { emptySlot, type SlotComplaint, type SlotEvent, stepSlot } from '../../../model/hotplug/slot.ts';
import type { RunFacts } from '../../facts.ts';
import { ofKernel, ofQmp } from '../../pointers.ts';
import type { Evidence } from '../../types.ts';

/** A press that the kernel took, or QEMU made, and what is wrong with it. */
export interface Press {
  t: number;
  event: SlotEvent;
  evidence: Evidence;
  complaint?: SlotComplaint;
}

/** By port (its address), in order of time; ports that pciehp does not drive say nothing and have no complaint. */
export function pressesOf(run: RunFacts): Map<string, Press[]> {
  const found = new Map<string, Press[]>();
  const add = (port: string | undefined, press: Press) => {
    if (port === undefined) return;
    const presses = found.get(port);
    if (presses) presses.push(press);
    else found.set(port, [press]);
  };
  const functions = ofKind(run.harness, 'functions').findLast((event) => event.machine === 'host')?.functions;
  const portOfBus = new Map(functions?.map(({ name, bdf }) => [name, bdf]));
  const portOfDevice = new Map<string, string | undefined>();
  for (const event of run.qmp.get('host') ?? []) {
    if (event.kind !== 'command' || event.error !== undefined) continue;
    const id = String(event.args.id);
    if (event.name === 'device_add') {
      const port = portOfBus.get(String(event.args.bus));
      portOfDevice.set(id, port);
      add(port, { t: event.sentAt, event: { kind: 'asked', for: 'plug' }, evidence: ofQmp(event) });
    } else if (event.name === 'device_del')
      add(portOfDevice.get(id), {
        t: event.sentAt,
        event: { kind: 'asked', for: 'unplug' },
        evidence: ofQmp(event),
      });
  }
  for (const dated of run.hostKernel) {
    const { event } = dated;
    if (event.kind !== 'pciehp') continue;
    const taken = event.what === 'button-on' ? 'on' : event.what === 'button-off' ? 'off' : undefined;
    // An answer comes after its question, however loosely the clocks are tied.
    const t = dated.t + (Number.isFinite(dated.error) ? dated.error : 0);
    if (taken) add(event.port, { t, event: { kind: 'taken', as: taken }, evidence: ofKernel(dated) });
  }
  for (const [port, presses] of found) found.set(port, judged(presses.toSorted((a, b) => a.t - b.t)));
  return found;
}

function judged(presses: readonly Press[]): Press[] {
  let state = emptySlot();
  return presses.map((press) => {
    const step = stepSlot(state, press.event);
    state = step.state;
    return step.complaint ? { ...press, complaint: step.complaint } : press;
  });
}
