/**
 * Injects one PCIe error by one of two paths, which cover different things: the kernel's `aer_inject`
 * simulates the registers in software, on any function; QEMU's device model sends a real error message up the
 * emulated hierarchy, from functions that have a qdev id (so never a VF).
 */
import { LabBrokeError } from '../../errors.ts';
import type { AerRegisters } from '../../evidence/record.ts';
import { markClock } from '../../guest/clock.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import type { FaultContext } from '../fault.ts';
import { type AerTarget, readRegisters } from './registers.ts';
import { type AerFault, correctableBits, isCorrectable, uncorrectableBits } from './schema.ts';
import { readTrace, traceRecovery } from './trace.ts';

export interface Injection {
  fault: AerFault;
  bdf: string;
  /** BDFs of the ports that an error message of the target passes, up to the root port. */
  ports: string[];
  /** qdev id of the target in the host's QEMU; needed for `via: qemu`. */
  qdevId?: string;
}

/** What one injection remembers. */
export interface AerInjection {
  target: AerTarget;
  /** Before it: what the heal goes back to. */
  before: AerRegisters;
  /** Written into the host's kernel log right before it. */
  marker: string;
}

/** How long the kernel may take to handle an error, at reference speed; a fatal one waits for a dead link. */
const handledBudgetMs = 15_000;

/**
 * While a port's link is being reset, the functions below it answer nothing, and an error cannot be injected there:
 * those of one root port come one after the other. Several that meet are what `burst` is for.
 */
const busyPorts = new WeakMap<object, Map<string, Promise<unknown>>>();

export async function injectAer(
  fault: AerFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<AerInjection> {
  const ports = busyPorts.get(ctx.plan) ?? new Map<string, Promise<unknown>>();
  busyPorts.set(ctx.plan, ports);
  const { bdf, rootBdf = bdf } = aerTarget(ctx, fault.target);
  const mine = (ports.get(rootBdf) ?? Promise.resolve()).then(() => injectAlone(fault, ctx, signal));
  ports.set(
    rootBdf,
    mine.catch(() => {}),
  );
  return await mine;
}

async function injectAlone(fault: AerFault, ctx: FaultContext, signal: AbortSignal): Promise<AerInjection> {
  const { host, hostSerial } = ctx;
  const target = aerTarget(ctx, fault.target);
  const found = ctx.functions.get(fault.target);
  const injection: Injection = {
    fault,
    bdf: target.bdf,
    ports: portsAbove(ctx, fault.target),
    ...(found?.isVf === false ? { qdevId: fault.target } : {}),
  };
  const drivers = [...ctx.functions.values()].flatMap((f) => f.driver ?? []);
  await traceRecovery(host, drivers, signal);
  await arm(host, injection, signal);
  const before = await readRegisters(host, target, signal);
  ctx.event({ kind: 'registers', fault: ctx.id, stage: 'before', registers: before });

  const marker = await markClock(host, ctx, signal);
  const mark = hostSerial.mark();
  const t0 = ctx.now();
  const output =
    fault.via === 'kernel'
      ? await injectByKernel(host, injection, signal)
      : await injectByQemu((command) => ctx.hostMachine.qmp.humanMonitor(command, signal), injection);
  ctx.injected(fault.via, t0, output);

  // A correctable error ends with its report; any other one with the recovery's last line.
  const done =
    fault.severity === 'correctable'
      ? /PCIe Bus Error: severity=Correct|AER: Correct/
      : /AER: [Dd]evice recovery (successful|failed)/;
  await ctx.within(handledBudgetMs, signal, (s) => hostSerial.waitForLine(done, { from: mark, signal: s }));
  if (fault.burst > 1) await awaitQuiet(ctx, signal);
  ctx.file('host.trace', await readTrace(host, signal));
  return { target, before, marker };
}

/** The threads that handle errors sleep, and no error waits for them any more. */
async function awaitQuiet({ host, scaled }: FaultContext, signal: AbortSignal): Promise<void> {
  const busy = `grep -l aerdrv /proc/[0-9]*/comm 2>/dev/null | while read -r f; do grep '^State:.[DR]' \${f%comm}status; done | grep -q .`;
  const looks = Math.ceil(scaled(handledBudgetMs) / 200);
  await host.run(
    `quiet=0; for look in $(seq ${looks}); do if ${busy}; then quiet=0; else quiet=$((quiet + 1)); fi; ` +
      '[ $quiet = 3 ] && break; sleep 0.1; done',
    signal,
  );
}

function aerTarget(ctx: FaultContext, name: string): AerTarget {
  const bdf = ctx.bdfOf(name);
  // Errors are collected by the root port: the first step of the path, whatever switches lie between.
  const path = ctx.sysfs.find((f) => f.bdf === bdf)?.path ?? [];
  const rootBdf = path.length > 1 ? path[0] : undefined;
  return { bdf, ...(rootBdf ? { rootBdf } : {}) };
}

/** Every port between a function and its root port, nearest first; for a port itself, the ones above it. */
function portsAbove(ctx: FaultContext, name: string): string[] {
  const bdf = ctx.functions.get(name)?.bdf;
  const path = ctx.sysfs.find((f) => f.bdf === bdf)?.path ?? [];
  return path.slice(0, -1).reverse();
}

/**
 * From 6.16 on a function's errors beyond the tenth in 5 s are recovered without being logged (feature
 * `aerLimitsLines`): no log would show what a burst did. The interval in sysfs is read in jiffies and written in
 * milliseconds, so that only the burst can be put back (drivers/pci/pcie/aer.c, aer_ratelimit_interval_attr).
 */
function logAll(bdfs: readonly string[]): string {
  const files = bdfs.map((bdf) => `/sys/bus/pci/devices/${bdf}/aer/*_ratelimit_burst`).join(' ');
  return `for f in ${files}; do [ ! -e $f ] || echo 1000000 > $f; done`;
}

/** Makes the function report the error: unmasked, logged, and with the severity that the lab asks for. */
export async function arm(
  host: LinuxMachine,
  { fault, bdf, ports }: Injection,
  signal: AbortSignal,
): Promise<void> {
  await host.must(logAll([bdf, ...ports]), signal);
  if (fault.via === 'qemu') await enableSerr(host, bdf, ports, signal);
  if (isCorrectable(fault.error)) {
    await host.must(`setpci -s ${bdf} ECAP_AER+14.l=0:${bitMask(correctableBits[fault.error])}`, signal);
    return;
  }
  const bit = bitMask(uncorrectableBits[fault.error]);
  const severity = fault.severity === 'fatal' ? bit : '0';
  await host.must(`setpci -s ${bdf} ECAP_AER+8.l=0:${bit} ECAP_AER+c.l=${severity}:${bit}`, signal);
}

/**
 * Real firmware enables SERR# on bridges and devices; qboot does not, and Linux leaves both as they are. Without
 * it the emulated port forwards no error message (quirk `qboot-leaves-serr-off`).
 */
async function enableSerr(
  host: LinuxMachine,
  bdf: string,
  ports: string[],
  signal: AbortSignal,
): Promise<void> {
  const commands = [
    `setpci -s ${bdf} COMMAND=100:100`,
    ...ports.map((port) => `setpci -s ${port} COMMAND=100:100 BRIDGE_CONTROL=2:2`),
  ];
  await host.must(commands.join(' && '), signal);
}

/** @returns What the injector itself said. */
export async function injectByKernel(
  host: LinuxMachine,
  { fault, bdf }: Injection,
  signal: AbortSignal,
): Promise<string> {
  const bytes = [...aerInjectRecord(fault, bdf)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  // One write(2) of the whole record: the driver refuses anything shorter (aer_inject_write).
  const once = 'dd if=$r of=/dev/aer_inject bs=32 count=1 2>&1';
  const write = fault.burst === 1 ? once : `{ for n in $(seq ${fault.burst}); do ${once} & done; wait; }`;
  // Two injections may come at one moment: each has a file of its own.
  const command = `modprobe aer_inject && r=/run/aer_inject.$$ && printf '${bytes.join('')}' > $r && ${write}; s=$?; rm $r; exit $s`;
  const result = await host.run(command, signal);
  return result.stdout + result.stderr;
}

/** @param humanMonitor Runs an HMP command in the host's QEMU. */
export async function injectByQemu(
  humanMonitor: (command: string) => Promise<string>,
  { fault, qdevId }: Injection,
): Promise<string> {
  if (qdevId === undefined) {
    throw new LabBrokeError(`${fault.target} has no qdev id: QEMU can inject on a PF or a port only`, {
      code: 'FAULT_IMPOSSIBLE',
      next: 'Use `via: kernel`, which reaches VFs too.',
    });
  }
  const header = fault.header.map((word) => `0x${swapBytes(word).toString(16)}`).join(' ');
  // The status goes as a number: QEMU's names differ from lspci's (hw/pci/pci-hmp-cmds.c, pcie_aer_error_list).
  const status = isCorrectable(fault.error)
    ? `-c ${qdevId} 0x${bitMask(correctableBits[fault.error])}`
    : `${qdevId} 0x${bitMask(uncorrectableBits[fault.error])}`;
  return await humanMonitor(`pcie_aer_inject_error ${status} ${header}`);
}

/**
 * `struct aer_error_inj`, 32 bytes, little endian: bus, dev, fn, padding, uncor_status, cor_status,
 * header_log[4], domain. Source: drivers/pci/pcie/aer_inject.c (v6.12).
 */
export function aerInjectRecord(fault: AerFault, bdf: string): Uint8Array {
  const match = /^([0-9a-f]+):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(bdf);
  if (!match) throw new Error(`not a BDF: ${bdf}`);
  const [domain, bus, slot, fn] = match.slice(1).map((part) => Number.parseInt(part, 16));
  const view = new DataView(new ArrayBuffer(32));
  view.setUint8(0, bus!);
  view.setUint8(1, slot!);
  view.setUint8(2, fn!);
  if (isCorrectable(fault.error)) view.setUint32(8, 2 ** correctableBits[fault.error], true);
  else view.setUint32(4, 2 ** uncorrectableBits[fault.error], true);
  fault.header.forEach((word, i) => {
    view.setUint32(12 + 4 * i, word, true);
  });
  view.setUint32(28, domain!, true);
  return new Uint8Array(view.buffer);
}

/** QEMU stores the header log big-endian in a little-endian register (hw/pci/pcie_aer.c, pcie_aer_update_log). */
function swapBytes(word: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word);
  return view.getUint32(0, true);
}

function bitMask(bit: number): string {
  return (2 ** bit).toString(16);
}
