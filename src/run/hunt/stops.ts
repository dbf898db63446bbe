/** Where a machine that is hunted in stops: its points and what the harness needs, as addresses of its kernel. */

import { placeText } from '../../director/schedule.ts';
import { offsetOf } from '../../director/spots.ts';
import type { CodeSymbol } from '../../director/symbols.ts';
import { boundsFunction, contendedFunction, idleFunctions, type Point, placesOf } from '../../hunt/script.ts';
import type { VirtualRange } from '../../introspect/kernel-memory.ts';
import { alarmFunction, alarmFunctions, alarmReturn, iretq } from '../../machine/alarm.ts';

export interface Stop {
  /** `x86_vector_activate`, or `the call of lock_vector_lock in __common_interrupt`. */
  name: string;
  address: bigint;
  /** Bytes at its begin that do nothing: a CPU that stands there goes on behind them. 0 for most instructions. */
  idleBytes: number;
}

export interface Stops {
  points: Stop[];
  bounds: Stop;
  /** Where a CPU enters whose time is over, and where it goes on instead. */
  alarm: { entry: bigint; return: bigint };
  /** Those that this kernel has. */
  idle: Stop[];
  contended?: Stop;
  /** Points that this kernel does not have. */
  missing: string[];
}

/** Without these a kernel cannot be hunted in. */
export const neededFunctions: readonly string[] = [boundsFunction, ...alarmFunctions];

export interface KernelCode {
  symbols: ReadonlyMap<string, CodeSymbol>;
  read(ranges: readonly VirtualRange[]): Promise<Uint8Array[]>;
}

/**
 * Read while the machine stands still. {@link neededFunctions} have to be among the symbols.
 * @throws {Error} if the alarm's way back is no `iretq`
 */
export async function findStops(code: KernelCode, points: readonly Point[]): Promise<Stops> {
  const stopAt = async (name: string, address: bigint): Promise<Stop> => {
    const [bytes] = await code.read([{ address, length: 16 }]);
    return { name, address, idleBytes: idleBytes(bytes!) };
  };
  const entry = async (name: string) => {
    const symbol = code.symbols.get(name);
    return symbol ? await stopAt(name, symbol.address) : undefined;
  };
  const alarm = {
    entry: code.symbols.get(alarmFunction)!.address,
    return: code.symbols.get(alarmReturn)!.address,
  };
  const [back] = await code.read([{ address: alarm.return, length: iretq.length }]);
  if (!iretq.every((byte, i) => back![i] === byte)) throw new Error(`${alarmReturn} is no iretq`);
  const bounds = (await entry(boundsFunction))!;
  const stops: Stops = { points: [], bounds, alarm, idle: [], missing: [] };
  for (const point of points) {
    let found: Stop | undefined;
    for (const place of placesOf(point)) {
      if (place.function !== undefined) found = await entry(place.function);
      else {
        const symbol = code.symbols.get(place.in!);
        const offset = symbol && (await offsetOf(code.symbols, code, symbol, place));
        if (offset !== undefined) found = await stopAt(placeText(place), symbol!.address + BigInt(offset));
      }
      if (found) break;
    }
    if (found) stops.points.push(found);
    else stops.missing.push(placesOf(point).map(placeName).join(', or '));
  }
  for (const name of idleFunctions) {
    const stop = await entry(name);
    if (stop) stops.idle.push(stop);
  }
  const contended = await entry(contendedFunction);
  return contended ? { ...stops, contended } : stops;
}

/** As {@link Stop.name} has it. */
function placeName(place: ReturnType<typeof placesOf>[number]): string {
  return place.function ?? placeText(place);
}

/** `endbr64`, and the no-op that tracing writes over (arch/x86/include/asm/ftrace.h; Intel SDM 2B, "NOP"). */
const noOps = [
  [0xf3, 0x0f, 0x1e, 0xfa],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x90],
];

/** @param code from a CPU's next instruction on */
export function idleBytes(code: Uint8Array): number {
  let length = 0;
  for (;;) {
    const noOp = noOps.find((bytes) => bytes.every((byte, i) => code[length + i] === byte));
    if (!noOp) return length;
    length += noOp.length;
  }
}
