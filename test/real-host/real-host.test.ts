import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consoleLine } from '../../src/guest/kmsg.ts';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import type { VariantPlan } from '../../src/lab/plan.ts';
import { parseAddress } from '../../src/real-host/address.ts';
import { fitOn } from '../../src/real-host/fit.ts';
import { guardScript } from '../../src/real-host/guardian.ts';
import { lookUp } from '../../src/real-host/known-hosts.ts';
import { onRealHost } from '../../src/real-host/real-host.ts';
import { restoreSteps } from '../../src/real-host/restore.ts';
import { compareStates, parseState } from '../../src/real-host/state.ts';
import { inventory, state } from './fixtures.ts';

const labFile = join(import.meta.dirname, '../../labs/vf-aer-hang.yaml');

function variantOf(id: string, edit: (text: string) => string = (text) => text): VariantPlan {
  const loaded = loadLab(edit(readFileSync(labFile, 'utf8')), 'x.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const made = makePlan(loaded.lab, { name: 'x', file: 'x.yaml', selection: { variant: [id] } });
  if (!made.ok) throw new Error(made.problems.join());
  return made.plan.variants[0]!;
}

describe('the address', () => {
  test.each([
    ['ssh://h', { url: 'ssh://root@h', user: 'root', host: 'h', port: 22 }],
    ['ssh://me@h:2222', { url: 'ssh://me@h:2222', user: 'me', host: 'h', port: 2222 }],
    ['ssh://[::1]:22', { host: '::1', port: 22 }],
  ])('%s', (text, expected) => expect(parseAddress(text)).toMatchObject(expected));
  test.each(['h', 'http://h', 'ssh://me:secret@h', 'ssh://h/x', ''])('%s is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(/--host/);
  });
});

describe('known_hosts', () => {
  const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIGEEHTbFCJFvAkwFSx8ZBVJZ9s8gvMlVv2oEyR0F1vMN', 'base64');
  const other = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIGEEHTbFCJFvAkwFSx8ZBVJZ9s8gvMlVv2oEyR0F1vMO', 'base64');
  const line = (host: string, k = key) => `${host} ssh-ed25519 ${k.toString('base64')} comment\n`;
  test('a name, a port, and a hashed name as ssh-keygen -H writes it', () => {
    expect(lookUp(line('h'), 'h', 22, key)).toBe('known');
    expect(lookUp(line('a,h'), 'h', 22, key)).toBe('known');
    expect(lookUp(line('h'), 'h', 2222, key)).toBe('unknown');
    expect(lookUp(line('[h]:2222'), 'h', 2222, key)).toBe('known');
    // printf 'h ssh-ed25519 …' > f && ssh-keygen -H -f f
    const hashed = '|1|s7xG/MTovrbA1mql7YuMpcJdFKY=|pdQm+cs5xAM0I7QHOljlGO4MpjU=';
    expect(lookUp(line(hashed), 'h', 22, key)).toBe('known');
    expect(lookUp(line(hashed), 'i', 22, key)).toBe('unknown');
  });
  test('another key is no unknown one, and a revoked one is refused', () => {
    expect(lookUp(line('h', other), 'h', 22, key)).toBe('changed');
    expect(lookUp(line('h', other) + line('h'), 'h', 22, key)).toBe('known');
    expect(lookUp(line('h') + line('@revoked h'), 'h', 22, key)).toBe('revoked');
  });
});

describe('what fits', () => {
  test('the one igb that there is plays nic0', () => {
    const { functions, problems } = fitOn(variantOf('hang'), inventory(), new Map());
    expect(problems).toEqual([]);
    expect(functions.get('nic0')?.bdf).toBe('0000:01:00.0');
  });
  const another = '0000:02:00.0|/sys/devices/pci0000:00/0000:00:05.0/0000:02:00.0|0x8086|0x10c9|igb|5|1|0|';
  const anotherOfIt = 'function 0000:02:00.0 020000 7 0 1 eth1\n';
  test.each<[string, string, string, RegExp]>([
    ['not root', 'uid 0\n', 'uid 1000\n', /needs root/],
    ['no QEMU', '', 'missing qemu-system-x86_64\n', /lacks qemu-system/],
    ['a port taken', '', 'listen 1130\n', /listens on port 4400/],
    ['in use', '', 'used eth0\n', /is in use: eth0/],
    ['our way in', 'control ctl0\n', 'control eth0\n', /carries our own connection/],
  ])('%s', (_, without, more, problem) => {
    const found = without === 'uid 0\n' ? { ...inventory(more), isRoot: false } : inventory(more);
    if (without.startsWith('control')) found.controlInterface = 'eth0';
    expect(fitOn(variantOf('hang'), found, new Map()).problems.join()).toMatch(problem);
  });
  test('of two the user chooses', () => {
    const two = inventory(anotherOfIt, another);
    expect(fitOn(variantOf('hang'), two, new Map()).problems.join()).toMatch(/choose by --device nic0=BDF/);
    const chosen = fitOn(variantOf('hang'), two, new Map([['nic0', '0000:02:00.0']]));
    expect(chosen.functions.get('nic0')?.bdf).toBe('0000:02:00.0');
  });
  test('others below the root port are not asked to recover; a correctable error asks nobody', () => {
    const neighbour =
      '0000:01:00.1|/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.1|0x8086|0x10c9|igb|4|1|0|';
    const shared = inventory('function 0000:01:00.1 020000 7 0 1 eth1\n', neighbour);
    const chosen = new Map([['nic0', '0000:01:00.0']]);
    expect(fitOn(variantOf('hang'), shared, chosen).problems.join()).toMatch(/0000:01:00\.1/);
    expect(fitOn(variantOf('correctable'), shared, chosen).problems).toEqual([]);
  });
  test('what happens inside a VM may, what happens to the host may not', () => {
    const churn = (on: string, fn: string) => (text: string) =>
      text
        .replace(
          '  bad-tlp: { kind: aer, target: nic0, error: BadTLP, severity: correctable }',
          `  bad-tlp: { kind: affinity-churn, on: ${on}, function: ${fn} }`,
        )
        .replace('    faults: [bad-tlp]', '    faults: [{ fault: bad-tlp, during: 5s }]');
    const inVm = variantOf('correctable', churn('vm0', 'nic0.vf0'));
    expect(fitOn(inVm, inventory(), new Map()).problems).toEqual([]);
    const onHost = variantOf('correctable', churn('host', 'nic0'));
    expect(fitOn(onHost, inventory(), new Map()).problems.join()).toMatch(/emulated host only/);
  });
  test('what only an emulated host can do is refused', () => {
    const run = (text: string) =>
      text.replace(
        '    before:\n      - unplug: nic0.vf0',
        '    before:\n      - run: { on: host, command: reboot }',
      );
    expect(fitOn(variantOf('unplug', run), inventory(), new Map()).problems.join()).toMatch(
      /`reboot` may change/,
    );
    expect(fitOn(variantOf('qemu-path'), inventory(), new Map()).problems.join()).toMatch(/raised by QEMU/);
  });
});

test('the plan on a real host boots nothing and names the function', () => {
  const variant = variantOf('hang');
  const { functions } = fitOn(variant, inventory(), new Map());
  const [plan] = onRealHost([variant], 'ssh://root@h', () => functions);
  expect(plan!.id).toBe('host+hang');
  expect(plan!.devices[0]!.bdf).toBe('0000:01:00.0');
  const actions = plan!.phases.flatMap((phase) => phase.actions.map((action) => action.do));
  expect(actions).toContain('adopt-host');
  expect(actions).not.toContain('boot-host');
});

describe('the way back', () => {
  const variant = variantOf('hang');
  const steps = restoreSteps({
    variant,
    functions: fitOn(variant, inventory(), new Map()).functions,
    inventory: inventory(),
    state,
    folder: '/run/vflab-x',
  });
  test('names every register and switch with the value that it had', () => {
    const commands = steps.map((step) => step.command).join('\n');
    expect(commands).toContain('echo 0 > /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs');
    expect(commands).toContain('setpci -s 0000:01:00.0 ECAP_AER+8.l=00000000 ECAP_AER+c.l=00462030');
    expect(commands).toContain('setpci -s 0000:00:04.0 ');
    expect(commands).toContain('echo 20 > /sys/bus/pci/devices/0000:01:00.0/aer/nonfatal_ratelimit_burst');
    expect(commands).toContain('ip link set eth0 down');
    // Those that were loaded before stay.
    expect(commands).toMatch(/for m in .*vfio_pci/);
    expect(commands).not.toMatch(/for m in .*\bigb\b/);
  });

  test('is taken whole, though a step fails, and says which', () => {
    const root = mkdtempSync(join(tmpdir(), 'vflab-guard-'));
    const folder = join(root, 'f');
    mkdirSync(folder);
    try {
      const script = guardScript(folder, [
        { what: 'first', command: `echo first >> ${root}/done` },
        { what: 'second', command: 'false' },
        { what: 'third', command: `echo third >> ${root}/done` },
        // Whoever asked would read it.
        { what: 'look', command: `cp ${folder}/failed ${root}/failed; rm -r ${folder}` },
      ]);
      // No heartbeat at all: as if it had been asked for. The kernel's log is not ours here.
      const quiet = script.replaceAll('/dev/kmsg', '/dev/null');
      const { status } = spawnSync('sh', ['-c', quiet]);
      expect(status).toBe(0);
      expect(readFileSync(join(root, 'done'), 'utf8')).toBe('first\nthird\n');
      expect(readFileSync(join(root, 'failed'), 'utf8')).toBe('second\n');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

test('two states are compared line by line', () => {
  const before = parseState('b 1\na 1  \n\n');
  expect(before).toEqual(['a 1', 'b 1']);
  expect(compareStates(before, before)).toEqual([]);
  expect(compareStates(before, ['a 1', 'b 2'])).toEqual(['- b 1', '+ b 2']);
});

test('a record of /dev/kmsg becomes a line of the console', () => {
  expect(consoleLine('6,339,5140900,-;NET: Registered')).toBe('[    5.140900] NET: Registered');
  expect(consoleLine('30,340,1234567890123,-;a;b')).toBe('[1234567.890123] a;b');
  expect(consoleLine(' SUBSYSTEM=acpi')).toBeUndefined();
});
