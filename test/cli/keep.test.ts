import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holdMachines } from '../../src/commands/keep.ts';
import { folderWith } from './cli.ts';

test('--keep says how to reach every machine, until Ctrl-C, and removes the key', async () => {
  const folder = folderWith();
  const keyFile = join(folder, 'ssh-key');
  let said = '';
  const stop = new AbortController();
  const ctx = {
    plan: { id: '6.12+hang', guests: [{ id: 'vm0', spec: { control: { hostPort: 2201 } } }] },
    record: { folder },
    key: { privateKey: 'secret', publicBlob: '' },
    host: { machine: { sshPort: 4022, gdb: undefined } },
  };
  const held = holdMachines((text) => {
    said += text;
    expect(readFileSync(keyFile, 'utf8')).toBe('secret');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    stop.abort();
  })(ctx as never, stop.signal);
  await held;
  expect(said.replaceAll(folder, '<folder>')).toMatchInlineSnapshot(`
    "
    The machines of 6.12+hang are kept.
      host: ssh -i <folder>/ssh-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 4022 root@127.0.0.1
      vm0: ssh -i <folder>/ssh-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ProxyCommand="ssh -i <folder>/ssh-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -W %h:%p -p 4022 root@127.0.0.1" -p 2201 root@127.0.0.1
    Enter goes on, Ctrl-C ends the run.
    "
  `);
  expect(existsSync(keyFile)).toBe(false);
});
