import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MachineConsole } from '../../src/machine/console.ts';
import { cut, cuts } from './chunks.ts';

/** A console with a clock that the test moves, and what it recorded. */
function recorded(keepLines?: number) {
  const chunks: Uint8Array[] = [];
  const time = { t: 0 };
  const subject = new MachineConsole({
    clock: () => time.t,
    sink: (bytes) => chunks.push(Buffer.from(bytes)),
    ...(keepLines ? { keepLines } : {}),
  });
  const type = (text: string) => subject.receive(Buffer.from(text, 'latin1'));
  return { subject, time, type, file: () => Buffer.concat(chunks).toString('latin1') };
}

describe('the record', () => {
  it('stamps each line with the moment of its newline, keeps CR, and flushes the unfinished one', () => {
    const { subject, time, type, file } = recorded();
    time.t = 1;
    type('[    0.0] Linux\r\nhal');
    time.t = 2.5;
    type('f\n\ntail');
    time.t = 3.000_000_4;
    subject.end();
    subject.end();
    expect(file()).toBe('1.000000 [    0.0] Linux\r\n2.500000 half\n2.500000 \n3.000000 tail');
    expect(subject.lines.map(({ text }) => text)).toEqual(['[    0.0] Linux', 'half', '', 'tail']);
  });

  it('gives back every byte when the time stamps are cut off', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, places) => {
        const { subject, file } = recorded();
        for (const chunk of cut(bytes, places)) subject.receive(chunk);
        subject.end();
        const original = Buffer.from(bytes).toString('latin1');
        const stripped = file().replaceAll(/^\d+\.\d{6} /gm, '');
        expect(stripped).toBe(original);
      }),
    );
  });

  it('is the same however a line is cut', () => {
    const text = 'vflab-ready ü\r\nsecond\nthird';
    fc.assert(
      fc.property(cuts, (places) => {
        const { subject } = recorded();
        for (const chunk of cut(Buffer.from(text), places)) subject.receive(chunk);
        subject.end();
        expect(subject.lines.map((line) => line.text)).toEqual(['vflab-ready ü', 'second', 'third']);
      }),
    );
  });

  it('keeps the latest lines in memory, with the numbers that they had', () => {
    const { subject, type } = recorded(4);
    for (let i = 0; i < 9; i++) type(`line ${i}\n`);
    expect(subject.lines.length).toBeLessThanOrEqual(4);
    expect(subject.lines.at(-1)).toMatchObject({ index: 8, text: 'line 8' });
    expect(subject.mark()).toBe(9);
  });

  it('lastLines leaves out empty ones', () => {
    const { subject, type } = recorded();
    type('a\n\n  \r\nb\nc\n');
    expect(subject.lastLines(2)).toEqual(['b', 'c']);
  });
});

describe('waitForLine', () => {
  it('sees a line that came before the call', async () => {
    const { subject, type } = recorded();
    type('noise\nvflab-ready 1\n');
    expect(await subject.waitForLine(/^vflab-ready (\d)$/)).toMatchObject({
      index: 1,
      text: 'vflab-ready 1',
    });
  });

  it('from now, and from a mark, sees only later ones', async () => {
    const { subject, type } = recorded();
    type('ready 1\n');
    const mark = subject.mark();
    const now = subject.waitForLine(/ready/, { from: 'now' });
    type('ready 2\nready 3\n');
    expect((await now).text).toBe('ready 2');
    expect((await subject.waitForLine(/ready/, { from: mark })).text).toBe('ready 2');
    expect((await subject.waitForLine(/ready/, { from: mark + 1 })).text).toBe('ready 3');
  });

  it('does not match half a line', async () => {
    const { subject, type } = recorded();
    const waiting = subject.waitForLine(/ready/);
    type('ready');
    await expect(Promise.race([waiting, Promise.resolve('nothing yet')])).resolves.toBe('nothing yet');
    type(' now\n');
    expect((await waiting).text).toBe('ready now');
  });

  it('matches the unfinished last line when the console ends', async () => {
    const { subject, type } = recorded();
    const waiting = subject.waitForLine(/panic/);
    type('Kernel panic');
    subject.end();
    expect((await waiting).text).toBe('Kernel panic');
  });

  it('gives the reason of its signal', async () => {
    const { subject } = recorded();
    const controller = new AbortController();
    const waiting = subject.waitForLine(/never/, { signal: controller.signal });
    controller.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
    await expect(subject.waitForLine(/never/, { signal: controller.signal })).rejects.toThrow('Ctrl-C');
  });

  it('rejects at once when the machine is gone, also afterwards; what came before is still found', async () => {
    const { subject, type } = recorded();
    type('last words\n');
    const waiting = subject.waitForLine(/never/);
    subject.fail(new Error('QEMU died'));
    subject.fail(new Error('a later reason'));
    await expect(waiting).rejects.toThrow('QEMU died');
    await expect(subject.waitForLine(/never/)).rejects.toThrow('QEMU died');
    expect((await subject.waitForLine(/last/)).index).toBe(0);
  });

  it('refuses a regular expression that remembers where it stopped', () => {
    const { subject } = recorded();
    expect(() => subject.waitForLine(/a/g)).toThrow('no g or y flag');
  });
});

it('a console without input says so', () => {
  expect(() => recorded().subject.write('x')).toThrow('takes no input');
});
