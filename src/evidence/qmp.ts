/**
 * A recorded QMP conversation (`{ t, dir, msg }` a line) as typed events. Source: qapi/run-state.json and
 * qapi/qdev.json of QEMU. What is not needed is kept as `other`, so that nothing is lost in the history.
 */
import { type SourceLine, splitLines } from './source.ts';

export type QmpFact =
  | { kind: 'stop' | 'resume' | 'shutdown' | 'guest-panicked' }
  | { kind: 'reset'; byGuest: boolean }
  | { kind: 'device-deleted'; device?: string; path: string }
  | { kind: 'unplug-error'; device?: string }
  /** Reply to `query-status`: `running`, `internal-error`, `paused`… */
  | { kind: 'status'; status: string; running: boolean }
  /** A command and how it ended. `error` is QEMU's own words; `sentAt` is when it was given, in seconds. */
  | { kind: 'command'; name: string; args: Record<string, unknown>; error?: string; sentAt: number }
  | { kind: 'other'; name: string };

export type QmpEvent = QmpFact & {
  at: SourceLine;
  /** Harness time in seconds when the message was seen. */
  t: number;
};

type Json = Record<string, unknown>;

interface Waiting {
  name: string;
  id: unknown;
  args: Json;
  sentAt: number;
}

/** Parses a `*.qmp` file. Lines that are not JSON are counted, not thrown at. */
export function parseQmp(
  file: string,
  machine: string,
  content: string,
): { events: QmpEvent[]; broken: number } {
  const events: QmpEvent[] = [];
  const waiting: Waiting[] = [];
  let broken = 0;
  for (const [index, text] of splitLines(content).entries()) {
    const record = parseJson(text);
    const msg = asObject(record?.msg);
    if (!record || !msg) {
      broken += 1;
      continue;
    }
    const t = typeof record.t === 'number' ? record.t : 0;
    const at: SourceLine = { file, machine, line: index + 1, text: text.slice(0, 2000), arrived: t };
    const name = msg.execute ?? msg['exec-oob'];
    if (typeof name === 'string') {
      waiting.push({ name, id: msg.id, args: asObject(msg.arguments) ?? {}, sentAt: t });
      continue;
    }
    for (const fact of readMessage(msg, waiting)) events.push({ ...fact, at, t });
  }
  return { events, broken };
}

function readMessage(msg: Json, waiting: Waiting[]): QmpFact[] {
  if (typeof msg.event === 'string') return [readEvent(msg.event, asObject(msg.data) ?? {})];
  if (!('return' in msg) && !('error' in msg)) return [];
  const found = waiting.findIndex((command) => command.id === msg.id);
  const [command] = waiting.splice(Math.max(found, 0), 1);
  const facts: QmpFact[] = [];
  const value = asObject(msg.return);
  if (value && typeof value.status === 'string' && typeof value.running === 'boolean') {
    facts.push({ kind: 'status', status: value.status, running: value.running });
  }
  if (command && command.name !== 'query-status') {
    const fact: QmpFact = { kind: 'command', name: command.name, args: command.args, sentAt: command.sentAt };
    const error = asObject(msg.error);
    if (error) fact.error = String(error.desc ?? error.class ?? 'error');
    facts.push(fact);
  }
  return facts;
}

function readEvent(name: string, data: Json): QmpFact {
  const device = typeof data.device === 'string' ? { device: data.device } : {};
  switch (name) {
    case 'STOP':
      return { kind: 'stop' };
    case 'RESUME':
      return { kind: 'resume' };
    case 'SHUTDOWN':
      return { kind: 'shutdown' };
    case 'GUEST_PANICKED':
      return { kind: 'guest-panicked' };
    case 'RESET':
      return { kind: 'reset', byGuest: data.guest === true };
    case 'DEVICE_DELETED':
      return { kind: 'device-deleted', ...device, path: String(data.path ?? '') };
    case 'DEVICE_UNPLUG_GUEST_ERROR':
    case 'MEM_UNPLUG_ERROR':
      return { kind: 'unplug-error', ...device };
    default:
      return { kind: 'other', name };
  }
}

function parseJson(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
