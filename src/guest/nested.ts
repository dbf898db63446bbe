/**
 * A guest (L2): QEMU inside the host, driven from outside through the host's SSH connection. It starts with its
 * CPUs stopped, so that the console and QMP are connected before the first byte.
 */
import type { ClientChannel } from 'ssh2';
import { LabBrokeError } from '../errors.ts';
import type { GuestPlan } from '../lab/plan.ts';
import { MachineConsole } from '../machine/console.ts';
import { QmpClient } from '../machine/qmp.ts';
import type { MachineRecord } from '../machine/record.ts';
import type { MachineSpec } from '../machine/spec.ts';
import { controlParameters, guestCommand, guestPorts } from './command-line.ts';
import type { SshKey } from './key.ts';
import { endOf, GuestDidNotStart, launchScript } from './launch.ts';
import { type CommandLog, LinuxMachine } from './linux.ts';
import { SshConnection } from './ssh.ts';

export interface NestedGuestOptions {
  plan: GuestPlan;
  /** Number of the guest on its host: its channels get ports of their own. */
  index: number;
  host: LinuxMachine;
  log: CommandLog;
  record: MachineRecord;
  key: SshKey;
  /** Kernel and initrd of the guest as files of the host. */
  files: { kernel: string; initrd: string };
  /** Where its own files go in the host. Default: /run. */
  folder?: string;
  /** Host BDF of a function that the guest gets. */
  bdfOf: (functionName: string) => string;
  /** A time at the reference machine's speed, as it is on this one. */
  scaled: (budgetMs: number) => number;
}

const keepaliveIntervalMs = 5_000;
/** What a healthy nested guest answers in, many times over; see docs/design.md on deadlines. */
const silenceMs = 30_000;

export class NestedGuest {
  readonly id: string;
  readonly plan: GuestPlan;
  /** Its QEMU in the host, program first. */
  readonly command: readonly string[];
  readonly qmp: QmpClient;
  readonly serial: MachineConsole;
  readonly stderr: MachineConsole;
  /** Absent until {@link connect}. */
  linux: LinuxMachine | undefined;
  /** As last observed: false once no witness answers. */
  alive = true;
  readonly #options: NestedGuestOptions;

  private constructor(
    options: NestedGuestOptions,
    parts: { command: string[]; qmp: QmpClient; serial: MachineConsole; stderr: MachineConsole },
  ) {
    this.id = options.plan.id;
    this.plan = options.plan;
    this.#options = options;
    this.command = parts.command;
    this.qmp = parts.qmp;
    this.serial = parts.serial;
    this.stderr = parts.stderr;
  }

  /** Starts QEMU in the host and lets the guest run. @throws GuestDidNotStart if it ended before that. */
  static async start(options: NestedGuestOptions, signal: AbortSignal): Promise<NestedGuest> {
    const { plan, host, record } = options;
    const ports = guestPorts(options.index);
    const folder = `${options.folder ?? '/run'}/${plan.id}`;
    const command = guestCommand(guestSpec(options), options.index);
    const stderr = new MachineConsole({ clock: record.clock, sink: record.stderr });
    let words: ClientChannel | undefined;
    let known = 0;
    try {
      const started = await host.run(launchScript(folder, command, ports.qmp), signal);
      if (started.exitCode !== 0) throw new Error('its QEMU ended before it listened');
      words = await host.stream(`tail -n +1 -f ${folder}/stderr`, signal);
      words.on('data', (bytes: Buffer) => {
        known += bytes.length;
        stderr.receive(bytes);
      });
      words.on('close', () => stderr.end());
      const parts = await attach(options, ports, stderr, signal);
      return new NestedGuest(options, { command, stderr, ...parts });
    } catch (error) {
      signal.throwIfAborted();
      words?.removeAllListeners('data').resume();
      const end = await endOf(host, folder, known, signal);
      words?.close();
      if (!end) throw error;
      stderr.receive(Buffer.from(end.rest));
      stderr.end();
      throw new GuestDidNotStart(plan.id, stderr.lastLines(), end.status);
    }
  }

  /**
   * Waits until the guest's console says that it is up, at or after line `from`, and logs in.
   * @throws LabBrokeError GUEST_BOOT_FAILED, or what ended the guest; the signal's reason at the deadline.
   */
  async connect(from: number, signal: AbortSignal): Promise<void> {
    this.linux?.ssh.close();
    this.linux = undefined;
    const line = await this.serial.waitForLine(/vflab-ready|vflab-boot-failed|Kernel panic - not syncing/, {
      from,
      signal,
    });
    if (!line.text.includes('vflab-ready')) {
      throw new LabBrokeError(`${this.id}: the guest did not boot: ${line.text.trim()}`, {
        code: 'GUEST_BOOT_FAILED',
        next: `read ${this.id}.serial: has this kernel the modules that it needs, and enough memory?`,
        lastLines: this.serial.lastLines(),
      });
    }
    const { host, key, log, plan, scaled } = this.#options;
    const ssh = await SshConnection.connect(
      {
        machine: this.id,
        open: () => host.forward(plan.spec.control.hostPort, signal),
        privateKey: key.privateKey,
        keepaliveIntervalMs,
        keepaliveCountMax: Math.ceil(scaled(silenceMs) / keepaliveIntervalMs),
      },
      signal,
    );
    this.linux = new LinuxMachine(this.id, ssh, log);
    this.alive = true;
  }

  linuxOrThrow(): LinuxMachine {
    if (this.linux) return this.linux;
    throw new LabBrokeError(`${this.id} has not been reached by SSH yet`, { code: 'PLAN_ORDER' });
  }

  /** Hot-plugs a function behind the port that it was planned for. Returns when QEMU has done its part. */
  async plug(functionName: string, bdf: string, signal: AbortSignal): Promise<void> {
    const { qdevId } = this.plan.passthrough.find((p) => p.function === functionName)!;
    const port = this.plan.spec.pci.find((slot) => slot.kind === 'root-port' && slot.child?.id === qdevId)!;
    await this.qmp.execute(
      'device_add',
      { driver: 'vfio-pci', id: qdevId, bus: port.id, host: bdf, rombar: 0 },
      signal,
    );
  }

  /** Ends our side; the guest's QEMU ends with its host. */
  close(): void {
    this.linux?.ssh.close();
    this.qmp.close();
    this.serial.end();
    this.stderr.end();
  }
}

/** The plan's spec with what only the running host knows: BDFs, file names, the SSH key. */
function guestSpec({ plan, files, key, bdfOf }: NestedGuestOptions): MachineSpec {
  const bdfs = new Map(plan.passthrough.map((p) => [p.qdevId, bdfOf(p.function)]));
  const spec = structuredClone(plan.spec);
  for (const slot of spec.pci) {
    if (slot.kind === 'root-port' && slot.child?.kind === 'vfio-pci')
      slot.child.host = bdfs.get(slot.child.id)!;
  }
  return { ...spec, ...files, cmdline: [...spec.cmdline, ...controlParameters(spec, key.publicBlob)] };
}

/** Console and QMP of a QEMU that listens; then lets its CPUs run. */
async function attach(
  { plan, host, log, record }: NestedGuestOptions,
  ports: { serial: number; qmp: number },
  stderr: MachineConsole,
  signal: AbortSignal,
): Promise<{ qmp: QmpClient; serial: MachineConsole }> {
  const serialStream = await host.forward(ports.serial, signal);
  const serial = new MachineConsole({
    clock: record.clock,
    sink: record.serial,
    write: (text) => serialStream.write(text),
  });
  serialStream.on('data', (bytes: Buffer) => serial.receive(bytes)).on('close', () => serial.end());
  serialStream.on('error', () => serial.end());

  const whyClosed = async () =>
    new LabBrokeError(`${plan.id}: its QEMU ended`, {
      code: 'GUEST_QEMU_DIED',
      lastLines: [...stderr.lastLines(8), ...serial.lastLines(8)],
    });
  const qmp = await QmpClient.connect(await host.forward(ports.qmp, signal), {
    clock: record.clock,
    record: record.qmp,
    signal,
    whyClosed,
  });
  void qmp.closed.then((error) => serial.fail(error));
  const t0 = record.clock();
  await qmp.execute('cont', undefined, signal);
  const resumed = await qmp.waitForEvent('RESUME', { from: 'start', signal });
  // QEMU stamps events by the wall clock of the machine that it runs on.
  log.event({
    kind: 'wall-clock',
    machine: host.name,
    unixMs: resumed.unixSeconds * 1000,
    t0,
    t1: resumed.t,
  });
  return { qmp, serial };
}
