import { duplexPair } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { encodePacket } from '../../../src/machine/gdb/packet.ts';
import { GdbClosedError, GdbError, GdbStub } from '../../../src/machine/gdb/stub.ts';
import { FakeStub } from './fake-stub.ts';

async function connected() {
  const qemu = new FakeStub();
  // A connection stops the machine, as CHR_EVENT_OPENED does.
  qemu.running = false;
  const stub = await GdbStub.connect(qemu);
  return { qemu, stub };
}

it('stops a running machine, reads, and lets it go on', async () => {
  const { qemu, stub } = await connected();
  qemu.running = true;
  const bytes = await stub.whileStopped(async (cpus) => {
    expect(qemu.running).toBe(false);
    return await cpus.readPhysical([
      { address: 0x1005, length: 3 },
      { address: 0x20, length: 0 },
      { address: 0x30, length: 5000 },
    ]);
  });
  expect(bytes.map(({ length }) => length)).toEqual([3, 0, 5000]);
  expect([...bytes[0]!]).toEqual([5, 6, 7]);
  expect(bytes[2]!.every((byte, i) => byte === ((0x30 + i) & 0xff))).toBe(true);
  expect(qemu.running).toBe(true);
  // Pieces that the stub takes, and its mode as it was.
  expect(qemu.commands.slice(-8)).toEqual([
    'qC',
    'Qqemu.PhyMemMode:1',
    'm1005,3',
    'm30,800',
    'm830,800',
    'm1030,388',
    'Qqemu.PhyMemMode:0',
    'vCont;c',
  ]);
});

it('again and again: the byte that stops is not lost after an answer, nor after none', async () => {
  const { qemu, stub } = await connected();
  stub.resume();
  expect(qemu.running).toBe(true);
  for (let i = 0; i < 3; i += 1) {
    await stub.whileStopped(async () => expect(qemu.running).toBe(false));
    expect(qemu.running).toBe(true);
  }
});

it('leaves a machine standing that stood before', async () => {
  const { qemu, stub } = await connected();
  expect(await stub.whileStopped(async () => 7)).toBe(7);
  expect(qemu.running).toBe(false);
  expect(qemu.commands).not.toContain('vCont;c');
});

it('goes on when the work throws, or is given up', async () => {
  const { qemu, stub } = await connected();
  qemu.running = true;
  const broken = stub.whileStopped(async () => Promise.reject(new Error('ours')));
  await expect(broken).rejects.toThrow('ours');
  expect(qemu.running).toBe(true);

  const abort = new AbortController();
  const given = stub.whileStopped(async (cpus) => {
    abort.abort(new Error('given up'));
    await cpus.readPhysical([{ address: 0, length: 1 }]);
  }, abort.signal);
  await expect(given).rejects.toThrow('given up');
  expect(qemu.running).toBe(true);
  await expect(stub.whileStopped(async () => 1, abort.signal)).rejects.toThrow('given up');
  expect(await stub.whileStopped(async () => 2)).toBe(2);
});

it('one after the other', async () => {
  const { qemu, stub } = await connected();
  qemu.running = true;
  const order: string[] = [];
  const work = (name: string) => () =>
    stub.whileStopped(async (cpus) => {
      order.push(`${name} begins`);
      await cpus.readPhysical([{ address: 0, length: 8 }]);
      order.push(`${name} ends`);
    });
  await Promise.all(['a', 'b'].map((name) => work(name)()));
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

it('registers where the target description puts them', async () => {
  const { stub } = await connected();
  const registers = await stub.whileStopped(async (cpus) => {
    const threads: string[] = [];
    for await (const thread of cpus.threads()) threads.push(thread);
    expect(threads).toEqual(['p01.01']);
    return await cpus.registers(threads[0]!);
  });
  expect([...registers]).toEqual([
    ['rax', 1n],
    ['eflags', 2n],
    ['cr3', 0x3000n],
    ['mxcsr', 0x1f80n],
  ]);
});

it('lent to another client: stopped when it comes, going on when it has left, whatever it did', async () => {
  const { qemu, stub } = await connected();
  qemu.running = true;
  for (const said of [[], ['qC'], ['qC', 'vCont;c']]) {
    const [ours, theirs] = duplexPair();
    const lent = stub.lend(ours);
    if (said.includes('qC')) {
      let answer = '';
      theirs.on('data', (bytes) => {
        answer += bytes;
      });
      theirs.write(encodePacket('qC'));
      await vi.waitFor(() => expect(answer).toContain('QCp01.01'));
      expect(qemu.running).toBe(false);
    }
    if (said.includes('vCont;c')) theirs.write(encodePacket('vCont;c'));
    theirs.end();
    await lent;
    expect(qemu.running).toBe(true);
    expect(await stub.whileStopped(async () => qemu.running)).toBe(false);
  }
});

it('a refusal names the command', async () => {
  const { qemu, stub } = await connected();
  qemu.answers['Qqemu.PhyMemMode:1'] = '';
  const read = stub.whileStopped((cpus) => cpus.readPhysical([{ address: 0, length: 1 }]));
  await expect(read).rejects.toThrow(GdbError);
  await expect(read).rejects.toThrow('gdb stub: Qqemu.PhyMemMode:1: not supported');
});

it('an end of the connection ends every wait, and all that comes after', async () => {
  const { qemu, stub } = await connected();
  delete qemu.answers.qC;
  const work = stub.whileStopped(async (cpus) => {
    qemu.destroy();
    await cpus.readPhysical([{ address: 0, length: 1 }]);
  });
  await expect(work).rejects.toThrow(GdbClosedError);
  await expect(stub.whileStopped(async () => 1)).rejects.toThrow('connection closed');
  stub.close();
  stub.close();
});

it('a connection to something else', async () => {
  const other = new FakeStub();
  other.push('HTTP/1.1 400 Bad Request\r\n');
  await expect(GdbStub.connect(other)).rejects.toThrow('not a gdb stub: byte 0x48');
});
