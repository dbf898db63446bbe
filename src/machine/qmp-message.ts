/**
 * QMP's wire format, without I/O: bytes to messages, messages to what they are. The source is QEMU's
 * docs/interop/qmp-spec.rst: JSON values, each message of the server ended by a line break (no raw one is
 * allowed inside a JSON string).
 */
import { LineSplitter } from './lines.ts';

export type QmpMessage =
  | { kind: 'greeting'; version: QmpVersion; capabilities: string[] }
  | { kind: 'return'; id: unknown; value: unknown }
  | { kind: 'error'; id: unknown; class: string; desc: string }
  | { kind: 'event'; event: string; data: Record<string, unknown>; unixSeconds: number };

export interface QmpVersion {
  qemu: { major: number; minor: number; micro: number };
  package: string;
}

/** The other side does not speak QMP. */
export class QmpProtocolError extends Error {
  override readonly name = 'QmpProtocolError';
}

export class QmpSplitter {
  readonly #lines = new LineSplitter();

  /** The JSON values that these bytes complete. @throws {QmpProtocolError} */
  push(bytes: Uint8Array): unknown[] {
    return this.#lines.push(bytes).flatMap((line) => {
      const text = Buffer.from(line).toString('utf8').trim();
      return text === '' ? [] : [parseJson(text)];
    });
  }
}

/** @throws {QmpProtocolError} for what is no QMP server's message. */
export function classify(json: unknown): QmpMessage {
  if (!isObject(json)) throw new QmpProtocolError(`not a QMP message: ${excerpt(json)}`);
  if (isObject(json.QMP)) {
    const { version, capabilities } = json.QMP as { version: QmpVersion; capabilities: string[] };
    return { kind: 'greeting', version, capabilities };
  }
  if (typeof json.event === 'string') {
    const { seconds = 0, microseconds = 0 } = (json.timestamp ?? {}) as Record<string, number>;
    const data = isObject(json.data) ? json.data : {};
    return { kind: 'event', event: json.event, data, unixSeconds: seconds + microseconds / 1e6 };
  }
  if (isObject(json.error)) {
    const { class: errorClass, desc } = json.error as { class: string; desc: string };
    return { kind: 'error', id: json.id, class: errorClass, desc };
  }
  if ('return' in json) return { kind: 'return', id: json.id, value: json.return };
  throw new QmpProtocolError(`not a QMP message: ${excerpt(json)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new QmpProtocolError(`not JSON: ${text.slice(0, 200)}`, { cause });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function excerpt(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
