/** QEMU's side of the gdb connection, with the ways of QEMU 10.0's gdb_read_byte() that matter. */
import { Duplex } from 'node:stream';
import { encodePacket } from '../../../src/machine/gdb/packet.ts';

const target = '<target><xi:include href="core.xml"/></target>';
/** As in QEMU's i386-64bit.xml: registers of several widths, some commented out. */
const core = `
<!--reg name="cs_base" bitsize="64"/>
<reg name="ds_base" bitsize="64"/-->
<reg name="rax" bitsize="64" type="int64" regnum="0"/>
<reg name="eflags" bitsize="32" type="x64_eflags"/>
<reg name="cr3" bitsize="64" type="x64_cr3"/>
<reg name="xmm0" bitsize="128" type="vec128"/>
<reg name="mxcsr" bitsize="32"/>`;

export class FakeStub extends Duplex {
  running = true;
  readonly commands: string[] = [];
  /** Answers by command; a command that is not here is none that the stub knows. */
  readonly answers: Record<string, string> = {
    'qSupported:multiprocess+;xmlRegisters=i386': 'PacketSize=1000;qXfer:features:read+;multiprocess+',
    'qXfer:features:read:target.xml:0,800': `l${target}`,
    'qXfer:features:read:core.xml:0,800': `m${core.slice(0, 100)}`,
    'qXfer:features:read:core.xml:64,800': `l${core.slice(100)}`,
    'Qqemu.PhyMemMode:0': 'OK',
    'Qqemu.PhyMemMode:1': 'OK',
    qC: 'QCp01.01',
    qfThreadInfo: 'mp01.01',
    qsThreadInfo: 'l',
    'Hgp01.01': 'OK',
    g: '0100000000000000'.concat('02000000', '0030000000000000', '0'.repeat(32), '801f0000'),
  };
  /** Stop replies that the next `vCont`s end with; without one, the machine runs on. */
  readonly stops: string[] = [];
  #lastReply = false;
  #line = '';

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const byte of chunk.toString('latin1')) this.#byte(byte);
    done();
  }

  #byte(byte: string): void {
    if (this.#lastReply) {
      if (byte === '+' || byte === '$') this.#lastReply = false;
      if (byte !== '$') return;
    }
    if (this.running) {
      this.running = false;
      if (byte === '\x03') this.#reply('T02thread:p01.01;');
    } else if (byte === '$') this.#line = '$';
    else if (this.#line !== '') {
      this.#line += byte;
      const packet = /^\$(.*)#..$/s.exec(this.#line);
      if (!packet) return;
      this.#line = '';
      this.#command(packet[1]!);
    }
  }

  #command(command: string): void {
    this.commands.push(command);
    this.push('+');
    const read = /^m([0-9a-f]+),([0-9a-f]+)$/.exec(command);
    if (command.startsWith('vCont;')) {
      this.running = true;
      const stop = this.stops.shift();
      if (stop !== undefined) {
        this.running = false;
        this.#reply(stop);
      }
    } else if (command.startsWith('Z1,') || command.startsWith('z1,') || command.startsWith('M'))
      this.#reply(this.answers[command] ?? 'OK');
    else if (read) this.#reply(this.#memory(Number.parseInt(read[1]!, 16), Number.parseInt(read[2]!, 16)));
    else this.#reply(this.answers[command] ?? '');
  }

  /** Every byte is the low byte of its address. */
  #memory(address: number, length: number): string {
    if (length > 2048) return 'E22';
    return Buffer.from(Array.from({ length }, (_, i) => (address + i) & 0xff)).toString('hex');
  }

  #reply(text: string): void {
    this.#lastReply = true;
    this.push(encodePacket(text));
  }
}
