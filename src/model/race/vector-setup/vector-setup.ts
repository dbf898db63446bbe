/**
 * A vector torn down and set up again while an interrupt of its old life is still on the way: the steps of
 * free_irq and request_irq on the one side, common_interrupt on the other.
 *
 * Read: arch/x86/kernel/irq.c (common_interrupt, call_irq_handler; reevaluate_vector in 6.12.42 and later),
 * arch/x86/kernel/apic/vector.c (x86_vector_deactivate → clear_irq_vector, x86_vector_activate →
 * apic_update_vector), kernel/irq/manage.c (__free_irq, __setup_irq), kernel/irq/chip.c (handle_edge_irq,
 * irq_startup → check_irq_resend), drivers/vfio/pci/vfio_pci_intrs.c (vfio_msi_set_vector_signal). What is done
 * under vector_lock or under the descriptor's lock is one step here.
 */
import type { Action, LeadsTo, Property, Scenario, State, View } from '../scenario.ts';
import { deviceActions, guestActions } from './device.ts';
import { entryActions } from './entry.ts';
import { at, DESC, Layout, SHUTDOWN, type VectorSetupOptions, vectorSetupDefaults } from './layout.ts';
import { SwitchTask } from './task.ts';

export function vectorSetup(options: Partial<VectorSetupOptions> = {}): Scenario {
  const o = { ...vectorSetupDefaults, ...options };
  const layout = new Layout(o);
  const { vectors } = layout;
  const numbered = (what: string, i: number) => (o.devices === 1 ? what : `${what}${i}`);
  // The tasks run on CPUs that take no interrupt here.
  const tasks = Array.from(
    { length: o.devices },
    (_, d) => new SwitchTask(layout, d, `CPU0${"'".repeat(d)}`),
  );
  const actions: Action[] = [
    ...tasks.flatMap((task, d) => [
      ...task.actions,
      ...(o.owner === 'qemu' ? guestActions(layout, d, task, numbered('guest', d)) : []),
      ...deviceActions(layout, d, numbered('device', d)),
    ]),
    ...Array.from({ length: o.cpus }, (_, c) => entryActions(layout, c, tasks)).flat(),
  ];

  const devices = Array.from({ length: o.devices }, (_, d) => d);
  const of = (d: number) => (o.devices === 1 ? '' : ` of device${d}`);
  const invariants: Property[] = devices.map((d) => ({
    text: `once the vector${of(d)} is set up, its slot holds its descriptor`,
    // While a task is at work a repair may still come.
    holds: (s) => !tasks[d]!.isAtRest(s) || s[layout.slotOf(s, d)] === DESC + d,
  }));
  const leadsTo: LeadsTo[] = devices.map((d) => ({
    text: `an interrupt that the device${of(d)} raised is handled`,
    from: (s) => s[layout.field(d, 'owed')] === 1,
    to: (s) => s[layout.field(d, 'owed')] === 0,
  }));
  const sometimes: Property[] = [
    {
      text: 'an interrupt comes while its vector is shut down',
      holds: (s) => s[layout.stands(0)] === at.loaded && s[layout.regSlot(0)] === SHUTDOWN,
    },
    {
      text: 'an interrupt waits in the IRR of a CPU whose interrupts are off',
      holds: (s) => s[layout.stands(0)] === at.off && s[layout.irr(0, 0)] === 1,
    },
    {
      text: 'every switch is done',
      holds: (s) => devices.every((d) => s[layout.field(d, 'switches')] === 0),
    },
  ];

  function describe(s: State): string {
    const slots = (c: number) =>
      Array.from(
        { length: vectors },
        (_, v) => ['UNUSED', 'SHUTDOWN'][s[layout.slot(c, v)]!] ?? `desc${of(s[layout.slot(c, v)]! - DESC)}`,
      );
    const parts = devices.map((d) => {
      const vector = s[layout.field(d, 'vector')]!;
      const where = vector === 0 ? 'no vector' : `vector ${vector} on CPU${s[layout.field(d, 'cpu')]! + 1}`;
      return `device${d}: ${where}${s[layout.field(d, 'owed')] ? ', waits for its interrupt to be handled' : ''}`;
    });
    const tables = Array.from(
      { length: o.cpus },
      (_, c) => `vector_irq[] of CPU${c + 1}: ${slots(c).join(' ')}`,
    );
    return [...parts, ...tables].join('; ');
  }

  const inService = (s: State, c: number) =>
    ![at.idle, at.off].some((place) => s[layout.stands(c)] === place);

  function view(s: State): View {
    const slotName = (value: number) => ['UNUSED', 'SHUTDOWN'][value] ?? `desc${of(value - DESC)}`;
    const found: Record<string, string | number> = {};
    for (const d of devices) {
      const name = numbered('device', d);
      for (const field of layout.fields) found[`${name}.${field}`] = s[layout.field(d, field)]!;
    }
    for (let c = 0; c < o.cpus; c += 1) {
      const name = `CPU${c + 1}`;
      found[`${name}.stands`] = Object.keys(at)[s[layout.stands(c)]!]!;
      found[`${name}.interrupts`] = s[layout.stands(c)] === at.idle ? 'on' : 'off';
      for (let v = 0; v < vectors; v += 1) {
        found[`${name}.irr[${v + 1}]`] = s[layout.irr(c, v)]!;
        found[`${name}.isr[${v + 1}]`] = inService(s, c) && s[layout.regVector(c)] === v ? 1 : 0;
        found[`${name}.vector_irq[${v + 1}]`] = slotName(s[layout.slot(c, v)]!);
      }
    }
    return found;
  }

  const count = (n: number, what: string, plural = `${what}s`) => `${n} ${n === 1 ? what : plural}`;
  return {
    name: 'vector-setup',
    title: 'A vector is torn down and set up again while an interrupt is on its way',
    processes: [...new Set(actions.map((action) => action.process))],
    bounds: [
      count(o.devices, 'device'),
      count(o.cpus, 'CPU that takes interrupts', 'CPUs that take interrupts'),
      count(vectors, 'vector'),
      `${count(o.raises, 'raise')} and ${count(o.switches, 'switch', 'switches')} a device`,
      `interrupts off ${count(o.pauses, 'time')} a CPU`,
    ].join(', '),
    width: layout.width,
    init: [layout.first()],
    actions,
    invariants,
    sometimes,
    leadsTo,
    symmetries: layout.symmetries,
    isEnd: (s) => tasks.every((task) => task.isAtRest(s)),
    describe,
    view,
  };
}
