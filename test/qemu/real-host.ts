/** A machine that plays the real host: booted from our host image, and then reached only as any other would be, by SSH. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSshKey } from '../../src/guest/key.ts';
import type { LinuxMachine } from '../../src/guest/linux.ts';
import { SshConnection } from '../../src/guest/ssh.ts';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import { bootLinux } from '../../src/run/boot-linux.ts';
import { launchFiles } from '../../src/run/launch-files.ts';
import { VariantRecord } from '../../src/run/record.ts';

export interface PlayedHost extends AsyncDisposable {
  /** ssh://root@127.0.0.1:PORT */
  url: string;
  /** Options of vflab that let it in. */
  login: string[];
  /** Our own way in. */
  linux: LinuxMachine;
  folder: string;
}

const lab = `
title: a machine that plays the real host
failure: vm-stopped-by-aer
host: { cpus: 2, devices: { nic0: { kind: igb, vfs: [{ driver: none }] } } }
guests: { vm0: {} }
matrix: { kernel: ['6.12'] }
variants: { only: { expect: { verdict: clean } } }
`;

/** @param before Commands that the machine's owner runs, e.g. to load the NIC's driver. */
export async function playHost(before: string, signal: AbortSignal): Promise<PlayedHost> {
  const loaded = loadLab(lab, 'inline.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const planned = makePlan(loaded.lab, { name: 'inline', file: 'inline.yaml' });
  if (!planned.ok) throw new Error(JSON.stringify(planned));
  const variant = planned.plan.variants[0]!;
  const cache = process.env.VFLAB_CACHE ?? join(homedir(), '.cache/vflab');
  const files = await launchFiles({ cache, onProgress: () => {} }, planned.plan, variant);
  const cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'vflab-played-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const record = new VariantRecord(folder);
    cleanup.defer(() => record.close());
    const key = generateSshKey();
    const { machine, linux } = await bootLinux(
      { ...variant.host.spec, ...files.host },
      { accelerator: 'tcg', record: record.machine('host'), log: record, key, cleanup, signal },
    );
    await linux.must(before, signal);
    writeFileSync(join(folder, 'key'), key.privateKey, { mode: 0o600 });
    writeFileSync(join(folder, 'known_hosts'), await knownHostsLine(machine.sshPort, key.privateKey, signal));
    return {
      url: `ssh://root@127.0.0.1:${machine.sshPort}`,
      login: ['--identity', join(folder, 'key'), '--known-hosts', join(folder, 'known_hosts')],
      linux,
      folder,
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

/** As ssh-keyscan would print it. */
async function knownHostsLine(port: number, privateKey: string, signal: AbortSignal): Promise<string> {
  let line = '';
  const ssh = await SshConnection.connect(
    {
      machine: 'played',
      open: async () => connect({ host: '127.0.0.1', port }),
      privateKey,
      isKnown: (key) => {
        const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
        line = `[127.0.0.1]:${port} ${type} ${key.toString('base64')}\n`;
        return true;
      },
      keepaliveIntervalMs: 5_000,
      keepaliveCountMax: 6,
    },
    signal,
  );
  ssh.close();
  return line;
}
