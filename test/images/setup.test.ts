/** `scripts/setup` against stand-ins for the tools it calls; on real Debian it is run by hand. */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';

const script = join(import.meta.dirname, '../../scripts/setup');
const real = ['sh', 'sed', 'awk', 'sort', 'dirname', 'mkdir', 'cat', 'rm', 'touch', 'printf'];

interface Machine {
  qemu?: string;
  root?: boolean;
  sudo?: boolean;
  npmDone?: boolean;
}

/** A machine with every tool; returns what setup said, and every call of apt-get, sudo and npm. */
async function setup({ qemu = '10.0.2', root = true, sudo = false, npmDone = true }: Machine) {
  const home = await mkdtemp(join(tmpdir(), 'vflab-setup-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const bin = join(home, 'bin');
  const calls = join(home, 'calls');
  await mkdir(bin);
  await writeFile(calls, '');
  for (const name of real) await symlink(`/usr/bin/${name}`, join(bin, name));
  const stub = async (name: string, body: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  };
  const codename = /VERSION_CODENAME=(\w+)/.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  await stub('qemu-system-x86_64', `echo "QEMU emulator version ${qemu} (Debian)"`);
  await stub('cpio', '');
  await stub('xz', '');
  await stub('bzip2', '');
  await stub('depmod', '');
  await stub('id', `echo ${root ? 0 : 1000}`);
  await stub('npm', `echo "npm $*" >>${calls}; mkdir -p node_modules; : >node_modules/.package-lock.json`);
  if (sudo) await stub('sudo', `echo "sudo $*" >>${calls}`);
  // Installing QEMU makes it a new one.
  await stub(
    'apt-get',
    `echo "apt-get $*" >>${calls}
case $* in
*indextargets*) echo 'http://mirror.example/debian|${codename}|main|Debian|Debian' ;;
*' install '*) printf '#!/bin/sh\\necho QEMU emulator version 10.0.2\\n' >${bin}/qemu-system-x86_64 ;;
esac`,
  );
  const tree = join(home, 'tree');
  await mkdir(join(tree, 'scripts'), { recursive: true });
  await mkdir(join(tree, 'node_modules'));
  await copyFile(script, join(tree, 'scripts/setup'));
  await writeFile(join(tree, 'package-lock.json'), '{}');
  const installed = join(tree, 'node_modules/.package-lock.json');
  await writeFile(installed, '{}');
  const time = Date.now() / 1000 + (npmDone ? 10 : -10);
  await utimes(installed, time, time);
  const result = await execa('sh', [join(tree, 'scripts/setup')], {
    env: { PATH: bin, HOME: home, VFLAB_CACHE: join(home, 'cache') },
    extendEnv: false,
    reject: false,
  });
  const log = (await readFile(calls, 'utf8')).split('\n').filter(Boolean);
  return { exitCode: result.exitCode, said: result.stderr, calls: log };
}

test('nothing missing: nothing is called, nothing is said', async () => {
  expect(await setup({})).toEqual({ exitCode: 0, said: '', calls: [] });
});

test.each(['8.2.0', '9.0.1', '11.1.0'])('QEMU %s is new enough', async (qemu) => {
  expect((await setup({ qemu })).calls).toEqual([]);
});

test.each(['7.2.18', '8.1.5'])(
  'QEMU %s is too old: a new one is installed, and the user reads why',
  async (qemu) => {
    const { exitCode, said, calls } = await setup({ qemu });
    expect(exitCode).toBe(0);
    expect(said).toMatch(
      /qemu-system-x86: QEMU 8\.2 or newer[\s\S]*To be run as root:\n {2}apt-get .* install/,
    );
    const install = calls.filter((call) => call.includes(' install '));
    expect(install).toEqual([expect.stringMatching(/ install -y --no-install-recommends qemu-system-x86$/)]);
    // Never the system's own lists and sources.
    expect(
      calls.filter((call) => !call.includes('indextargets') && !call.includes('/cache/setup/apt.conf')),
    ).toEqual([]);
  },
);

test('neither root nor sudo: one command to run, and no success', async () => {
  const { exitCode, said, calls } = await setup({ qemu: '7.2.0', root: false });
  expect(exitCode).toBe(1);
  expect(said.match(/^ {2}apt-get .* install .*$/gm)).toHaveLength(1);
  expect(said).toContain('run the command above as root, then make again');
  expect(calls.filter((call) => call.includes(' install '))).toEqual([]);
});

test('sudo where there is no root; an installation that brought nothing is no success', async () => {
  const { exitCode, said, calls } = await setup({ qemu: '7.2.0', root: false, sudo: true });
  expect(calls).toContainEqual(
    expect.stringMatching(/^sudo DEBIAN_FRONTEND=noninteractive apt-get .* install /),
  );
  // The stand-in installs nothing.
  expect(exitCode).toBe(1);
  expect(said).toContain('older than 8.2');
});

test('npm runs when the lock file is newer than what is installed', async () => {
  expect((await setup({ npmDone: false })).calls).toEqual([expect.stringMatching(/^npm install --no-save/)]);
});
