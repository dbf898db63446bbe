/** What the record says of INTx lines: each function's line and masking, who had which line, and how guests started. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { DatedKernelEvent, DatedStderr } from '../../../evidence/history.ts';
import { type InterruptRow, parseInterrupts } from '../../../evidence/interrupts.ts';
import type { GenirqFact } from '../../../evidence/kernel-log/genirq.ts';
import type { Moment } from '../../../lab/plan.ts';
import { intxTrust } from '../../../model/intx/distrusted.ts';
import type { IntxFunction } from '../../../model/intx/foresee.ts';
import { vfioOwner } from '../../../model/vfio/triggers.ts';
import type { RunFacts } from '../../facts.ts';
import type { Evidence } from '../../types.ts';

export type FlagsMismatch = Extract<GenirqFact, { kind: 'flags-mismatch' }>;

/** One try to start a guest. */
export interface Attempt {
  guest: string;
  event: Recorded<'guest-start'>;
  /** The last look at the host's lines before it. */
  lines: Lines | undefined;
  /** QEMU's words about an INTx that it could not have. */
  words?: DatedStderr;
  /** The kernel's about the same function. */
  mismatch?: { dated: DatedKernelEvent; fact: FlagsMismatch };
}

/** A snapshot of the host's /proc/interrupts. */
export interface Lines {
  t: number;
  rows: readonly InterruptRow[];
  at: (row: InterruptRow) => Evidence;
}

export interface IntxFacts extends RunFacts {
  /** By plan name. */
  probes: ReadonlyMap<string, Recorded<'intx-probe'>>;
  policy: Recorded<'intx-policy'> | undefined;
  /** What the model is given of each function, by BDF. */
  functions: ReadonlyMap<string, IntxFunction>;
  lines: (moment: Moment) => Lines | undefined;
  /** In the order of time. */
  attempts: readonly Attempt[];
}

export function intxFacts(run: RunFacts): IntxFacts {
  const probes = new Map(ofKind(run.harness, 'intx-probe').map((probe) => [probe.function, probe]));
  const snapshots = ofKind(run.harness, 'snapshot').filter(
    (event) => event.machine === 'host' && event.what === 'interrupts',
  );
  const read = (event: Recorded<'snapshot'> | undefined): Lines | undefined => {
    const text = event && run.files(event.file);
    return text === undefined ? undefined : linesOf(event!, text);
  };
  return {
    ...run,
    probes,
    policy: ofKind(run.harness, 'intx-policy').at(-1),
    functions: new Map([...probes.values()].map((probe) => [probe.bdf, functionOf(probe)])),
    lines: (moment) => read(snapshots.findLast((event) => event.moment === moment)),
    attempts: ofKind(run.harness, 'guest-start').map((event) => ({
      guest: event.machine,
      event,
      lines: read(snapshots.findLast(({ t }) => t <= event.t0)),
      ...refusalOf(run, event),
    })),
  };
}

const disIntx = 0x400;

function functionOf({ bdf, vendor, device, pin, irq, msi, command }: Recorded<'intx-probe'>): IntxFunction {
  return {
    bdf,
    pin,
    ...(msi ? {} : { irq }),
    trust: intxTrust(vendor, device),
    disIntx: (command.set & disIntx) !== 0,
  };
}

function linesOf(event: Recorded<'snapshot'>, text: string): Lines {
  const raw = text.split('\n');
  return {
    t: event.t,
    rows: parseInterrupts(text).rows,
    at: (row) => ({
      file: event.file,
      line: row.line,
      text: (raw[row.line - 1] ?? '').trim(),
      t: event.t,
      machine: 'host',
    }),
  };
}

/** What QEMU and the kernel said between the start of this QEMU and its end. */
function refusalOf(
  { stderr, hostKernel }: RunFacts,
  { machine, t0, t, started }: Recorded<'guest-start'>,
): Pick<Attempt, 'words' | 'mismatch'> {
  if (started) return {};
  // The words arrive with the end of QEMU; the harness writes its event right after them.
  const words = stderr
    .get(machine)
    ?.find(({ event }) => event.kind === 'set-irqs-failed' && within(event.at.arrived ?? t, t0, t));
  const device = words?.event.kind === 'set-irqs-failed' ? words.event.device : undefined;
  const dated = hostKernel.find(
    ({ event, t: when, error }) =>
      event.kind === 'flags-mismatch' &&
      (device === undefined || vfioOwner(event.newName)?.bdf === device) &&
      within(
        when,
        t0 - (Number.isFinite(error) ? error : 0),
        t + slack + (Number.isFinite(error) ? error : 0),
      ),
  );
  return {
    ...(words ? { words } : {}),
    ...(dated ? { mismatch: { dated, fact: dated.event as FlagsMismatch } } : {}),
  };
}

/** A console line without a clock is dated by its arrival, which may come after the SSH command's end. */
const slack = 2;

function within(t: number, from: number, to: number): boolean {
  return t >= from && t <= to;
}

/** `card1 (0000:00:09.0)`, or the BDF or name alone. */
export function label({ probes }: IntxFacts, nameOrBdf: string): string {
  for (const [name, { bdf }] of probes)
    if (name === nameOrBdf || bdf === nameOrBdf) return `${name} (${bdf})`;
  return nameOrBdf;
}

/** Who an action's name stands for: `card0 (0000:00:05.0)` for vfio's, else the name of the host's driver. */
export function holderLabel(facts: IntxFacts, action: string): string {
  const owner = vfioOwner(action);
  return owner ? label(facts, owner.bdf) : `the host’s ${action}`;
}

/** The guest whose plan has this function. */
export function ownerOf({ plan, probes }: IntxFacts, bdf: string): string | undefined {
  const name = [...probes].find(([, probe]) => probe.bdf === bdf)?.[0];
  return plan.guests.find((guest) => guest.passthrough.some((p) => p.function === name))?.id;
}
