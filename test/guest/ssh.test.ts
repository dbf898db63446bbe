/** SSH against a real server of the same protocol, in this process, on a Unix socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateSshKey, type SshKey } from '../../src/guest/key.ts';
import { SshConnection } from '../../src/guest/ssh.ts';

const hostKey = ssh2.utils.generateKeyPairSync('ed25519').private;
const key = generateSshKey();
const never = new AbortController().signal;

let folder: string;
let server: Server;
let sockets: Socket[];
let authorized: SshKey;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vflab-ssh-'));
  sockets = [];
  authorized = key;
  server = createServer((socket) => {
    sockets.push(socket);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 'ssh'), resolve));
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

function serve(socket: Socket): void {
  const ssh = new ssh2.Server({ hostKeys: [hostKey] });
  ssh.on('connection', (client) => {
    client.on('error', () => {});
    client.on('authentication', (auth) => {
      const known = auth.method === 'publickey' && auth.key.data.toString('base64') === authorized.publicBlob;
      if (known) auth.accept();
      else auth.reject(['publickey']);
    });
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec, _reject, { command }) => {
        // All of it in one write, as a busy machine's packets arrive.
        socket.cork();
        const channel = acceptExec();
        if (command === 'hang') return socket.uncork();
        if (command === 'freeze') {
          socket.uncork();
          socket.pause();
          return;
        }
        channel.write(`out of ${command}`);
        channel.stderr.write('and err');
        channel.exit(7);
        channel.end();
        socket.uncork();
      }),
    );
  });
  ssh.injectSocket(socket);
}

function login(keepaliveIntervalMs = 0, open = () => connect(join(folder, 'ssh'))): Promise<SshConnection> {
  return SshConnection.connect(
    {
      machine: 'vm0',
      open: async () => open(),
      privateKey: key.privateKey,
      keepaliveIntervalMs,
      keepaliveCountMax: 3,
    },
    never,
  );
}

it('gives output and exit code, also when all comes at once', async () => {
  const ssh = await login();
  for (let i = 0; i < 20; i += 1) {
    const result = await ssh.exec(`command ${i}`, never);
    expect(result).toEqual({ exitCode: 7, stdout: `out of command ${i}`, stderr: 'and err' });
  }
  ssh.close();
});

it('a key that the server does not know is refused at once, without a retry', async () => {
  authorized = generateSshKey();
  await expect(login()).rejects.toMatchObject({ code: 'SSH_UNREACHABLE' });
  expect(sockets).toHaveLength(1);
});

it('a server that is not there yet is tried again', async () => {
  let attempts = 0;
  const ssh = await SshConnection.connect(
    {
      machine: 'vm0',
      open: async () => {
        attempts += 1;
        if (attempts < 3) throw new Error('refused');
        return connect(join(folder, 'ssh'));
      },
      privateKey: key.privateKey,
      keepaliveIntervalMs: 0,
      keepaliveCountMax: 3,
    },
    never,
  );
  expect(attempts).toBe(3);
  ssh.close();
});

it('a command that hangs ends with the signal', async () => {
  const ssh = await login();
  await expect(ssh.exec('hang', AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
  ssh.close();
});

it('a server that falls silent is lost after the keepalives, and commands end without an exit code', async () => {
  const ssh = await login(20);
  const running = ssh.exec('freeze', never);
  expect((await ssh.lost).message).toContain('Keepalive timeout');
  expect((await running).exitCode).toBeNull();
  await expect(ssh.exec('anything', never)).rejects.toMatchObject({ code: 'SSH_LOST' });
});

it('a connection whose socket takes no more is lost, before its end is told', async () => {
  let socket: Socket | undefined;
  const ssh = await login(0, () => (socket = connect(join(folder, 'ssh'))));
  socket!.end();
  await expect(ssh.exec('ls', never)).rejects.toMatchObject({
    code: 'SSH_LOST',
    message: 'vm0: the SSH connection is lost: Not connected',
  });
});
