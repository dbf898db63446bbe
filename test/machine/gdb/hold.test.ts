/** CPUs held and let go one by one, against a stub with the ways of QEMU's. */
import { expect, it } from 'vitest';
import { GdbError, GdbStub } from '../../../src/machine/gdb/stub.ts';
import { FakeStub } from './fake-stub.ts';

async function connected() {
  const qemu = new FakeStub();
  qemu.running = false;
  const stub = await GdbStub.connect(qemu);
  qemu.running = true;
  return { qemu, stub };
}

it('runs one CPU to a breakpoint, and lets all go in the end, without breakpoints', async () => {
  const { qemu, stub } = await connected();
  qemu.stops.push('T05thread:p01.02;', 'T05thread:p01.02;');
  await stub.hold(async (cpus) => {
    await cpus.setBreakpoint(0xffffffff81000010n);
    const never = new AbortController().signal;
    expect(await cpus.run(['p01.02'], never)).toEqual({ thread: 'p01.02', why: 'trap' });
    expect(await cpus.step('p01.02')).toEqual({ thread: 'p01.02', why: 'trap' });
    await cpus.writePhysical(0x40001520, Uint8Array.of(1, 0, 0, 0));
    expect(qemu.running).toBe(false);
  });
  expect(qemu.running).toBe(true);
  expect(qemu.commands.slice(-9)).toEqual([
    'qC',
    'Z1,ffffffff81000010,1',
    'vCont;c:p01.02',
    'vCont;s:p01.02',
    'Qqemu.PhyMemMode:1',
    'M40001520,4:01000000',
    'Qqemu.PhyMemMode:0',
    'z1,ffffffff81000010,1',
    'vCont;c',
  ]);
});

it('a run that comes to no breakpoint ends with its deadline, and the machine is held again', async () => {
  const { qemu, stub } = await connected();
  await stub.hold(async (cpus) => {
    expect(await cpus.run([], AbortSignal.timeout(20))).toMatchObject({ why: 'asked' });
    expect(qemu.running).toBe(false);
    expect(qemu.commands).toContain('vCont;c');
    // A deadline that is over already stops it at once.
    expect(await cpus.run([], AbortSignal.abort())).toMatchObject({ why: 'asked' });
  });
  expect(qemu.running).toBe(true);
});

it('Ctrl-C during a run: its reason, and the machine goes on', async () => {
  const { qemu, stub } = await connected();
  const ctrlC = new AbortController();
  const held = stub.hold(async (cpus) => {
    await cpus.setBreakpoint(0x10n);
    setTimeout(() => ctrlC.abort(new Error('SIGINT')), 10);
    await cpus.run([], new AbortController().signal);
  }, ctrlC.signal);
  await expect(held).rejects.toThrow('SIGINT');
  expect(qemu.running).toBe(true);
  expect(qemu.commands.slice(-2)).toEqual(['z1,10,1', 'vCont;c']);
});

it('a breakpoint that the stub refuses is an error', async () => {
  const { qemu, stub } = await connected();
  qemu.answers['Z1,10,1'] = 'E22';
  await expect(stub.hold((cpus) => cpus.setBreakpoint(0x10n))).rejects.toThrow(GdbError);
  expect(qemu.running).toBe(true);
});

it('an instruction pointer is read and set by itself', async () => {
  const { qemu, stub } = await connected();
  qemu.answers.p10 = '1000008100000000';
  qemu.answers['P10=1900008100000000'] = 'OK';
  await stub.hold(async (cpus) => {
    expect(await cpus.instructionPointer('p01.01')).toBe(0x81000010n);
    await cpus.setInstructionPointer('p01.01', 0x81000019n);
  });
  expect(qemu.commands.slice(-5)).toEqual(['Hgp01.01', 'p10', 'Hgp01.01', 'P10=1900008100000000', 'vCont;c']);
});
