/**
 * Packets of GDB's remote serial protocol (GDB manual, appendix "Remote Protocol", "Overview"): `$data#checksum`,
 * the checksum being the sum of the data's bytes modulo 256 as two hexadecimal digits.
 */

/** Whatever is wrong with a connection to a gdb stub. */
export class GdbStubError extends Error {}

/** The other side does not speak this protocol. */
export class GdbProtocolError extends GdbStubError {
  override readonly name = 'GdbProtocolError';
}

const code = { start: 0x24, end: 0x23, ack: 0x2b, nack: 0x2d, escape: 0x7d, repeat: 0x2a } as const;

/** No packet of a stub that reads 4096 bytes at a time is near this. */
const maxPacket = 1 << 20;

/** A packet with this data: ASCII, without `$`, `#`, `}` and `*`, which no command of ours has. */
export function encodePacket(data: string): string {
  let sum = 0;
  for (let i = 0; i < data.length; i += 1) sum += data.charCodeAt(i);
  return `$${data}#${(sum & 0xff).toString(16).padStart(2, '0')}`;
}

/** Cuts the stub's bytes into packets, whatever pieces they come in. */
export class PacketSplitter {
  #state: 'between' | 'data' | 'checksum' = 'between';
  #data: number[] = [];
  #checksum = '';

  /** The data of the packets that these bytes complete, escapes and repetitions undone. @throws {GdbProtocolError} */
  push(bytes: Uint8Array): string[] {
    const packets: string[] = [];
    for (const byte of bytes) {
      if (this.#state === 'data') {
        if (byte === code.end) this.#state = 'checksum';
        else if (this.#data.push(byte) > maxPacket) throw new GdbProtocolError('a packet without an end');
      } else if (this.#state === 'checksum') {
        this.#checksum += String.fromCharCode(byte);
        if (this.#checksum.length === 2) packets.push(this.#finish());
      } else if (byte === code.start) this.#state = 'data';
      // An acknowledgement says nothing that the reply does not say.
      else if (byte === code.nack) throw new GdbProtocolError('the stub got a packet with a wrong checksum');
      else if (byte !== code.ack)
        throw new GdbProtocolError(`not a gdb stub: byte 0x${byte.toString(16)} between packets`);
    }
    return packets;
  }

  #finish(): string {
    const data = this.#data;
    const sum = data.reduce((total, byte) => total + byte, 0) & 0xff;
    if (Number.parseInt(this.#checksum, 16) !== sum || !/^[0-9a-f]{2}$/i.test(this.#checksum)) {
      throw new GdbProtocolError(`a packet with checksum ${this.#checksum}, not ${sum.toString(16)}`);
    }
    this.#state = 'between';
    this.#data = [];
    this.#checksum = '';
    return plain(data);
  }
}

/** `}` changes bit 5 of the byte behind it; `*` repeats the byte before it as often as the byte behind it says. */
function plain(data: readonly number[]): string {
  const out: number[] = [];
  for (let i = 0; i < data.length; i += 1) {
    const byte = data[i]!;
    if (byte === code.escape) out.push((data[++i] ?? 0) ^ 0x20);
    else if (byte === code.repeat) {
      const last = out.at(-1);
      const times = (data[++i] ?? 0) - 29;
      if (last === undefined || times < 0) throw new GdbProtocolError('a repetition of nothing');
      for (let n = 0; n < times; n += 1) out.push(last);
    } else out.push(byte);
  }
  return Buffer.from(out).toString('latin1');
}
