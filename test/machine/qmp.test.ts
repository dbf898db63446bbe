import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { QmpClient, QmpClosedError, QmpError, type QmpOptions } from '../../src/machine/qmp.ts';

const greeting = {
  QMP: { version: { qemu: { major: 10, minor: 0, micro: 2 }, package: 'test' }, capabilities: [] },
};

/** The other side: gets what the client sends, says what the test wants. */
class FakeQemu extends Duplex {
  readonly received: { execute: string; id: string; arguments?: unknown }[] = [];
  /** Answers every command by itself. */
  auto = true;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const command = JSON.parse(chunk.toString());
    this.received.push(command);
    if (this.auto) this.say({ return: { to: command.execute }, id: command.id });
    done();
  }

  say(...messages: object[]): void {
    this.push(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
  }
}

async function connected(options: Partial<QmpOptions> = {}) {
  const qemu = new FakeQemu();
  const record: string[] = [];
  qemu.say(greeting);
  const client = await QmpClient.connect(qemu, {
    clock: () => 1.25,
    record: (bytes) => record.push(Buffer.from(bytes).toString()),
    ...options,
  });
  return { qemu, client, record };
}

const event = (name: string, data: object = {}) => ({
  event: name,
  data,
  timestamp: { seconds: 1, microseconds: 0 },
});

describe('commands', () => {
  it('leaves negotiation, knows the version, matches answers by id and not by order', async () => {
    const { qemu, client } = await connected();
    expect(client.version.qemu.major).toBe(10);
    expect(qemu.received[0]?.execute).toBe('qmp_capabilities');
    qemu.auto = false;
    const status = client.execute('query-status');
    const name = client.execute('query-name');
    const [, first, second] = qemu.received;
    qemu.say(
      { return: { name: 'host' }, id: second?.id },
      { return: { running: true, status: 'running' }, id: first?.id },
    );
    expect(await status).toEqual({ running: true, status: 'running' });
    expect(await name).toEqual({ name: 'host' });
  });

  it('sends arguments, and none where there are none', async () => {
    const { qemu, client } = await connected();
    await client.execute('device_del', { id: 'nic0' });
    await client.execute('stop');
    expect(qemu.received.slice(1)).toEqual([
      { execute: 'device_del', arguments: { id: 'nic0' }, id: expect.any(String) },
      { execute: 'stop', id: expect.any(String) },
    ]);
  });

  it('a refusal is a QmpError with class and words', async () => {
    const { qemu, client } = await connected();
    qemu.auto = false;
    const answer = client.execute('cont');
    qemu.say({
      error: { class: 'GenericError', desc: 'Resetting the Virtual Machine is required' },
      id: qemu.received.at(-1)?.id,
    });
    await expect(answer).rejects.toThrow(
      expect.objectContaining({ name: 'QmpError', command: 'cont', errorClass: 'GenericError' }),
    );
    await expect(answer).rejects.toThrow('QMP cont: Resetting the Virtual Machine is required');
    expect(await answer.catch((error) => error)).toBeInstanceOf(QmpError);
  });

  it('the human monitor answers text with plain line ends', async () => {
    const { qemu, client } = await connected();
    qemu.auto = false;
    const answer = client.humanMonitor('info version');
    qemu.say({ return: '10.0.2\r\nDebian\r\n', id: qemu.received.at(-1)?.id });
    expect(await answer).toBe('10.0.2\nDebian\n');
    expect(qemu.received.at(-1)?.arguments).toEqual({ 'command-line': 'info version' });
  });

  it('a signal ends the wait', async () => {
    const { qemu, client } = await connected();
    qemu.auto = false;
    const controller = new AbortController();
    const answer = client.execute('query-status', undefined, controller.signal);
    controller.abort(new Error('Ctrl-C'));
    await expect(answer).rejects.toThrow('Ctrl-C');
  });
});

describe('events', () => {
  it('one that came together with the greeting is not lost', async () => {
    const qemu = new FakeQemu();
    qemu.say(greeting, event('RESUME'));
    const client = await QmpClient.connect(qemu, { clock: () => 0, record: () => {} });
    expect(client.events.map(({ event: name }) => name)).toEqual(['RESUME']);
  });

  it('one that came between the mark and the wait is seen', async () => {
    const { qemu, client } = await connected();
    qemu.say(event('DEVICE_DELETED', { device: 'old', path: '/old' }));
    await client.execute('query-status');
    const mark = client.mark();
    qemu.say(event('DEVICE_DELETED', { device: 'nic0', path: '/nic0' }));
    await client.execute('query-status');
    expect((await client.waitForEvent('DEVICE_DELETED', { from: mark })).data.device).toBe('nic0');
    expect((await client.waitForEvent('DEVICE_DELETED', { from: 'start' })).data.device).toBe('old');
  });

  it('by default only later ones count, and only those for which the condition holds', async () => {
    const { qemu, client } = await connected();
    qemu.say(event('DEVICE_DELETED', { device: 'b', path: '' }));
    await client.execute('query-status');
    const waiting = client.waitForEvent('DEVICE_DELETED', { where: ({ data }) => data.device !== 'a' });
    qemu.say(
      event('STOP'),
      event('DEVICE_DELETED', { device: 'a', path: '' }),
      event('DEVICE_DELETED', { device: 'b', path: '' }),
    );
    expect(await waiting).toMatchObject({ index: 3, t: 1.25, data: { device: 'b' } });
  });

  it('any event, and one without a type', async () => {
    const { qemu, client } = await connected();
    const any = client.waitForEvent('*');
    const unknown = client.waitForEvent('VFU_CLIENT_HANGUP');
    qemu.say(event('STOP'), event('VFU_CLIENT_HANGUP', { id: 1 }));
    expect((await any).event).toBe('STOP');
    expect((await unknown).data.id).toBe(1);
  });
});

describe('the record', () => {
  it('holds every message of both directions, in order, one JSON object a line', async () => {
    const { qemu, client, record } = await connected();
    await client.execute('stop');
    qemu.say(event('STOP'));
    await client.waitForEvent('STOP', { from: 'start' });
    const lines = record
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ dir, msg }) => `${dir} ${msg.execute ?? msg.event ?? Object.keys(msg)[0]}`)).toEqual([
      'in QMP',
      'out qmp_capabilities',
      'in return',
      'out stop',
      'in return',
      'in STOP',
    ]);
    expect(lines.every(({ t }) => t === 1.25)).toBe(true);
  });
});

describe('the end', () => {
  it.each([
    ['end of stream', (qemu: FakeQemu) => qemu.push(null)],
    ['close', (qemu: FakeQemu) => qemu.destroy()],
    ['reset', (qemu: FakeQemu) => qemu.destroy(new Error('read ECONNRESET'))],
    ['nonsense', (qemu: FakeQemu) => qemu.push('segfault\n')],
  ])('%s: all who wait are told, and all who come later', async (_, end) => {
    const { qemu, client } = await connected();
    qemu.auto = false;
    const command = client.execute('query-status');
    const waiting = client.waitForEvent('STOP');
    end(qemu);
    const reasons = await Promise.all(
      [command, waiting].map((promise) => promise.catch((error: unknown) => error)),
    );
    expect(reasons[0]).toBeInstanceOf(Error);
    expect(reasons[1]).toBe(reasons[0]);
    expect(await client.closed).toBe(reasons[0]);
    await expect(client.execute('query-status')).rejects.toBe(reasons[0]);
    await expect(client.waitForEvent('STOP')).rejects.toBe(reasons[0]);
  });

  it('whoever knows better gives the reason, and is waited for', async () => {
    const death = Promise.withResolvers<Error>();
    const { qemu, client } = await connected({ whyClosed: () => death.promise });
    qemu.auto = false;
    const command = client.execute('query-status');
    qemu.destroy();
    await client.closed.constructor; // a turn of the loop: nothing has been decided yet
    death.resolve(new Error('QEMU killed by SIGKILL'));
    await expect(command).rejects.toThrow('QEMU killed by SIGKILL');
  });

  it('our own close needs nobody to ask', async () => {
    const { client } = await connected({ whyClosed: () => new Promise(() => {}) });
    const waiting = client.waitForEvent('STOP');
    client.close();
    client.close();
    await expect(waiting).rejects.toThrow(QmpClosedError);
  });

  it('an end before the greeting, and a signal during it, end the connecting', async () => {
    const dead = new FakeQemu();
    const connecting = QmpClient.connect(dead, { clock: () => 0, record: () => {} });
    dead.push(null);
    await expect(connecting).rejects.toThrow('QMP connection closed by QEMU');
    const silent = new FakeQemu();
    const signal = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(QmpClient.connect(silent, { clock: () => 0, record: () => {}, signal })).rejects.toThrow(
      'Ctrl-C',
    );
  });
});
