/** What is said of a machine that ended, of QEMU's version, and of its forwarded ports. */
import { describe, expect, it } from 'vitest';
import { endedError, type StoppedMachine } from '../../src/machine/died.ts';
import { checkVersion, qemuVersion } from '../../src/machine/qemu-version.ts';
import { forwardedPort } from '../../src/machine/usernet.ts';

describe('endedError', () => {
  const stopped = (change: Partial<StoppedMachine>): StoppedMachine => ({
    name: 'host',
    pid: 1,
    exitCode: null,
    signal: null,
    wanted: false,
    lastStderr: [],
    lastSerial: ['[ 9.9] last words'],
    ...change,
  });

  it.each([
    [{ signal: 'SIGKILL' as const }, 'QEMU_DIED', 'QEMU of machine host ended on its own: killed by SIGKILL'],
    [
      { exitCode: 1, lastStderr: ['qemu-system-x86_64: no such device'] },
      'QEMU_DIED',
      'QEMU of machine host ended on its own: status 1, qemu-system-x86_64: no such device',
    ],
    [
      { exitCode: 0 },
      'QEMU_DIED',
      'QEMU of machine host ended on its own: status 0, so the machine powered itself off or QEMU was told to quit',
    ],
    [
      { signal: 'SIGABRT' as const, lastStderr: ["physmem.c:1: iotlb_to_section: Assertion `x' failed."] },
      'QEMU_DIED',
      'QEMU of machine host ended on its own: killed by SIGABRT (known quirk tcg-iotlb-assertion)',
    ],
    [{ wanted: true, exitCode: 0 }, 'MACHINE_STOPPED', 'machine host was stopped by the harness'],
  ])('%j', (change, code, message) => {
    expect(endedError(stopped(change))).toMatchObject({ code, message });
  });

  it('shows the last lines of both streams', () => {
    expect(endedError(stopped({ lastStderr: ['e'] })).lastLines).toEqual([
      'qemu: e',
      'console: [ 9.9] last words',
    ]);
  });
});

describe('QEMU version', () => {
  it.each([
    ['QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright', { major: 10, minor: 0, micro: 2 }],
    ['QEMU emulator version 8.2.0', { major: 8, minor: 2, micro: 0 }],
    ['QEMU emulator version 11.1', { major: 11, minor: 1, micro: 0 }],
  ])('%s', (output, version) => {
    expect(checkVersion('qemu', output)).toMatchObject(version);
  });

  it.each([
    [
      'QEMU emulator version 7.2.17 (Debian 1:7.2)',
      'QEMU_TOO_OLD',
      'qemu is version 7.2.17; 8.2 or newer is needed',
    ],
    ['QEMU emulator version 8.1.5', 'QEMU_TOO_OLD', 'qemu is version 8.1.5; 8.2 or newer is needed'],
    ['bash: something', 'QEMU_MISSING', 'qemu --version does not look like QEMU: "bash: something"'],
    ['', 'QEMU_MISSING', 'qemu --version does not look like QEMU: ""'],
  ])('"%s" will not do', (output, code, message) => {
    expect(() => checkVersion('qemu', output)).toThrow(expect.objectContaining({ code, message }));
  });

  it('a QEMU that is not there', async () => {
    await expect(qemuVersion('qemu-system-nowhere')).rejects.toThrow(
      expect.objectContaining({ code: 'QEMU_MISSING', next: expect.stringContaining('apt-get install') }),
    );
  });
});

describe('forwardedPort', () => {
  const text = `Hub -1 (nic0.net):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[HOST_FORWARD]  12       127.0.0.1 40000       10.0.2.15    22     0     0
Hub -1 (control):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[ESTABLISHED]   14       127.0.0.1 38855       10.0.3.15    22     0     0
  TCP[HOST_FORWARD]  13       127.0.0.1 38855       10.0.3.15    22     0     0
`;
  it("is the named network's, not another's", () => {
    expect(forwardedPort(text, 'control')).toBe(38855);
    expect(forwardedPort(text, 'nic0.net')).toBe(40000);
  });

  it('none is an error', () => {
    expect(() => forwardedPort(text, 'other')).toThrow(expect.objectContaining({ code: 'NO_FORWARD' }));
  });
});
