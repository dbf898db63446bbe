/** Places of a schedule as addresses of one running kernel, by kallsyms, BTF and the code itself. */
import { LabBrokeError } from '../errors.ts';
import { type Btf, BtfError, type TypeId } from '../introspect/btf/btf.ts';
import { type Field, fieldOf, fieldValue, resolve, sizeOf } from '../introspect/btf/layout.ts';
import type { VirtualRange } from '../introspect/kernel-memory.ts';
import { callsOf, perCpuAccesses } from './instructions.ts';
import { type Place, placeText } from './schedule.ts';
import type { CodeSymbol } from './symbols.ts';

/** Reads by the kernel's addresses. */
export interface Memory {
  read(ranges: readonly VirtualRange[]): Promise<Uint8Array[]>;
}

/** An argument that has to have a value. */
interface Condition {
  text: string;
  /** Of the System V calling convention. */
  register: string;
  /** Of the argument itself, or of what it points at. */
  field?: { of: 'value' | 'pointer'; field: Field };
  value: bigint;
}

export interface Spot {
  address: bigint;
  place: Place;
  text: string;
  conditions: Condition[];
}

const argumentRegisters = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'] as const;

export interface KernelCode {
  symbols: ReadonlyMap<string, CodeSymbol>;
  btf: Btf;
}

export function noSuchPlace(what: string): LabBrokeError {
  return new LabBrokeError(`this kernel has no such place: ${what}`, {
    code: 'NO_SUCH_PLACE',
    next: 'Look the function up in /proc/kallsyms: it may be inlined, or have another name in this kernel. A step may name several places.',
  });
}

/**
 * Those of `places` that this kernel has. Read while the machine stands still.
 * @throws {LabBrokeError} `NO_SUCH_PLACE` if it has none of them, or a condition names no argument.
 */
export async function findSpots(
  { symbols, btf }: KernelCode,
  memory: Memory,
  places: readonly Place[],
  values: ReadonlyMap<string, bigint>,
): Promise<Spot[]> {
  const spots: Spot[] = [];
  for (const place of places) {
    const symbol = symbols.get((place.function ?? place.in)!);
    if (!symbol) continue;
    if (place.function !== undefined) {
      const conditions = Object.entries(place.where ?? {}).map(([name, value]) =>
        conditionOf(btf, place.function!, name, numberOf(value, values)),
      );
      const met = conditions.map(({ text }) => text).join(', ');
      const text = `${place.function}()${met === '' ? '' : ` with ${met}`}`;
      spots.push({ address: symbol.address, place, text, conditions });
      continue;
    }
    const offset = await offsetOf(symbols, memory, symbol, place);
    if (offset !== undefined)
      spots.push({ address: symbol.address + BigInt(offset), place, text: placeText(place), conditions: [] });
  }
  if (spots.length === 0) throw noSuchPlace(places.map(placeText).join('; '));
  return spots;
}

/** More than this is no function of the kernel's. */
const longestFunction = 64 * 1024;

export async function offsetOf(
  symbols: KernelCode['symbols'],
  memory: Memory,
  { address, end }: CodeSymbol,
  { reads, writes, calls }: Place,
): Promise<number | undefined> {
  const target = symbols.get((reads ?? writes ?? calls)!);
  if (!target || end === undefined || end - address > longestFunction) return undefined;
  const [code] = await memory.read([{ address, length: Number(end - address) }]);
  const found =
    calls !== undefined
      ? callsOf(code!, address, target.address)
      : perCpuAccesses(code!, address, target.address, reads === undefined ? 'writes' : 'reads');
  return found[0]?.offset;
}

export function numberOf(value: string, values: ReadonlyMap<string, bigint>): bigint {
  const name = /^\{(\w+)\}$/.exec(value)?.[1];
  if (name === undefined) return BigInt(value);
  const known = values.get(name);
  if (known !== undefined) return known;
  throw new LabBrokeError(`the schedule asks for {${name}}, which this lab does not know`, {
    code: 'NO_SUCH_PLACE',
    next: `Known here: ${[...values.keys()].join(', ') || 'nothing'}.`,
  });
}

/** `irqd.irq`: a parameter by the name that the source gives it, then a member; `arg1`: by position. */
function conditionOf(btf: Btf, name: string, path: string, value: bigint): Condition {
  const text = `${path} = ${value}`;
  const byPosition = /^arg([0-5])$/.exec(path)?.[1];
  if (byPosition !== undefined) return { text, register: argumentRegisters[Number(byPosition)]!, value };
  const [parameter = '', ...members] = path.split('.');
  const parameters = parametersOf(btf, name);
  const index = parameters.findIndex((p) => p.name === parameter);
  if (index < 0 || index >= argumentRegisters.length)
    throw noSuchPlace(
      `${name} has no parameter ${parameter} in BTF; it has ${parameters.map((p) => p.name).join(', ') || 'none'}`,
    );
  const register = argumentRegisters[index]!;
  const type = resolve(btf, parameters[index]!.type);
  if (members.length === 0) {
    const field: Field = { type, offset: 0, size: sizeOf(btf, type) };
    return { text, register, field: { of: 'value', field }, value };
  }
  const { kind, word } = btf.type(type);
  const pointed = kind === 'ptr' ? resolve(btf, word) : type;
  let field: Field | undefined;
  try {
    field = fieldOf(btf, pointed, members.join('.'));
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
  }
  if (kind !== 'ptr' || !field) throw noSuchPlace(`${path} of ${name}: BTF has no such member`);
  return { text, register, field: { of: 'pointer', field }, value };
}

function parametersOf(btf: Btf, name: string): { name: string; type: TypeId }[] {
  const id = btf.find('func', name);
  if (id === undefined) return [];
  const { vlen, at } = btf.type(btf.type(id).word);
  return Array.from({ length: vlen }, (_, i) => ({
    name: btf.text(btf.u32(at + 8 * i)),
    type: btf.u32(at + 8 * i + 4),
  }));
}

/** Whether a CPU that stands at the spot with these registers is the one that is meant. */
export async function isMet(
  { conditions }: Spot,
  registers: ReadonlyMap<string, bigint>,
  memory: Memory,
): Promise<boolean> {
  for (const { register, field, value } of conditions) {
    const argument = registers.get(register)!;
    let found = argument;
    if (field?.of === 'value') found = BigInt.asUintN(8 * field.field.size, argument);
    if (field?.of === 'pointer') {
      const { offset, size } = field.field;
      const [bytes] = await memory.read([{ address: argument, length: offset + size }]);
      found = fieldValue(bytes!, 0, field.field);
    }
    if (found !== BigInt.asUintN(64, value)) return false;
  }
  return true;
}
