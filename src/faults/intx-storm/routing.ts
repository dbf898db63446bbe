/**
 * Where the chipset sends the INTx of a slot: the interrupt route registers of ICH9, D25IR to D28IR, in the root complex
 * register block (Intel 316972, 10.1.40 and on; QEMU hw/isa/lpc_ich9.c, ich9_cc_update_ir()). Three bits a pin choose
 * one of PIRQA to PIRQH, which are the lines 16 to 23. ACPI's tables are not told: they name the lines of the default.
 */
import { LabBrokeError } from '../../errors.ts';
import type { LinuxMachine } from '../../guest/linux.ts';

const lpc = '00:1f.0';
/** RCBA of the LPC bridge, and where firmware puts the block; bit 0 enables it. Ours leaves it off. */
const rcba = 'f0.l';
const block = 0xfed1c000;
const firstLine = 16;

const registers: Record<number, number> = { 25: 0x3150, 26: 0x314c, 27: 0x3148, 28: 0x3146 };

export interface Route {
  /** Physical address of the register of the slot. */
  address: number;
  /** Its value before, and the one that misroutes pin A. */
  was: number;
  wanted: number;
  /** RCBA before, hexadecimal. */
  rcbaWas: string;
}

/** Makes the registers reachable, and says what would send pin A of a root-bus function to another line. */
export async function prepareRoute(
  host: LinuxMachine,
  bdf: string,
  line: number,
  signal: AbortSignal,
): Promise<Route> {
  const slot = Number.parseInt(bdf.slice(8, 10), 16);
  const register = registers[slot];
  const pirq = line - firstLine;
  if (register === undefined || pirq < 0 || pirq > 7)
    throw new LabBrokeError(`the chipset cannot send the interrupt of slot ${slot} to line ${line}`, {
      code: 'FAULT_IMPOSSIBLE',
      next: 'Only slots 25 to 28 have a route register, and only lines 16 to 23 can be chosen.',
    });
  const address = block + register;
  const output = await host.must(
    `setpci -s ${lpc} ${rcba} && setpci -s ${lpc} ${rcba}=${(block + 1).toString(16)} && busybox devmem ${hex(address)} 16`,
    signal,
  );
  const [rcbaWas = '', value = ''] = output.trim().split('\n');
  const was = Number(value);
  return { address, was, wanted: (was & ~0x7) | pirq, rcbaWas };
}

/** The command that does it. The pin must not be asserted then: its level would stay behind. */
export function routeCommand({ address, wanted }: Route): string {
  return `busybox devmem ${hex(address)} 16 ${hex(wanted)}`;
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

export async function readRoute(
  host: LinuxMachine,
  { address }: Route,
  signal: AbortSignal,
): Promise<number> {
  return Number(await host.must(`busybox devmem ${hex(address)} 16`, signal));
}

/** @returns the route register as it reads now: to be had only while the block is there */
export async function restoreRoute(host: LinuxMachine, route: Route, signal: AbortSignal): Promise<number> {
  const { address, was, rcbaWas } = route;
  await host.must(`busybox devmem ${hex(address)} 16 ${hex(was)}`, signal);
  const now = await readRoute(host, route, signal);
  await host.must(`setpci -s ${lpc} ${rcba}=${rcbaWas}`, signal);
  return now;
}
