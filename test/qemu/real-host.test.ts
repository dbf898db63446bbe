/** A lab on a real host, proved against a machine that is reached as any other would be: by SSH. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareStates, readState } from '../../src/real-host/state.ts';
import { LabCli } from './lab-cli.ts';
import { type PlayedHost, playHost } from './real-host.ts';

const never = new AbortController().signal;
let host: PlayedHost;
let before: string[];

beforeAll(async () => {
  // Its owner has the NIC's driver loaded, and a probe of his own in the trace.
  host = await playHost(
    "modprobe igb && echo 'p:theirs/open do_sys_openat2' > /sys/kernel/tracing/kprobe_events",
    never,
  );
  before = await readState(host.linux, never);
});
afterAll(async () => await host?.[Symbol.asyncDispose]());

const hang = () => ['run', 'vf-aer-hang', '--variant', 'hang', '--host', host.url, ...host.login];
const changes = async () => compareStates(before, await readState(host.linux, never));

test('the inventory shows what a lab could use', async () => {
  using cli = new LabCli();
  const { exitCode, stdout } = await cli.start(['inventory', host.url, ...host.login, '--json']).ended;
  expect(exitCode).toBe(0);
  const { functions, kernelRelease, missingTools } = JSON.parse(stdout);
  expect(kernelRelease).toMatch(/^6\.12/);
  expect(missingTools).toEqual([]);
  const pf = functions.find((fn: { totalVfs: number }) => fn.totalVfs > 0);
  expect(pf).toMatchObject({ driver: 'igb', totalVfs: 7, hasAer: true });
});

test('nothing is touched without a yes, nor for a server whose key is not known', async () => {
  using cli = new LabCli();
  const noYes = await cli.start(hang()).ended;
  expect(noYes.exitCode).toBe(2);
  expect(noYes.stderr).toContain('CONFIRMATION_NEEDED');
  expect(noYes.stderr).toContain('0000:01:00.0 has 0 VFs');
  const known = ['--known-hosts', '/dev/null'];
  const unknown = await cli.start(['inventory', host.url, ...host.login, ...known]).ended;
  expect(unknown.exitCode).toBe(3);
  expect(unknown.stderr).toMatch(/HOST_KEY_UNKNOWN.*SHA256:/);
  expect(await changes()).toEqual([]);
});

test('a function that somebody uses is not taken', async () => {
  using cli = new LabCli();
  await host.linux.must('ip addr add 192.0.2.1/24 dev eth0', never);
  const { exitCode, stderr } = await cli.start([...hang(), '--yes']).ended;
  await host.linux.must('ip addr del 192.0.2.1/24 dev eth0', never);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/HOST_UNFIT.*is in use: eth0/);
  expect(await changes()).toEqual([]);
});

test('a lab is reproduced on it, and all is put back', async () => {
  using cli = new LabCli();
  const { stdout } = await cli.start([...hang(), '--yes', '--json']).ended;
  const [variant] = JSON.parse(stdout).variants;
  expect(variant.error).toBeUndefined();
  expect(variant).toMatchObject({ verdict: 'reproduced', asExpected: true });
  expect(await changes()).toEqual([]);
  expect(await host.linux.must('cat /sys/kernel/tracing/kprobe_events', never)).toContain('theirs/open');
  // The same folder, the same verdict, with nobody to ask.
  const again = await cli.start(['verdict', 'runs/latest', '--json']).ended;
  expect(JSON.parse(again.stdout).variants[0].verdict).toBe('reproduced');
});

test('a host whose harness is killed puts itself back', async () => {
  using cli = new LabCli();
  const harness = cli.start([...hang(), '--yes']);
  await harness.says('Check that everything works');
  expect((await changes()).length).toBeGreaterThan(3);
  harness.child.kill('SIGKILL');
  await harness.ended;
  await host.linux.must(
    "until dmesg | grep -q 'vflab: this host was put back as it was: the harness fell silent'; do sleep 0.2; done; " +
      'while ls -d /run/vflab-*; do sleep 0.2; done',
    never,
  );
  expect(await changes()).toEqual([]);
});
