/** Opens a log as a stream of latin1 text, unpacked if it is packed: by its first bytes, not by its name. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EnvironmentError, UsageError } from '../errors.ts';

const pieceBytes = 1 << 20;

/** Told when a file ended before its time; what came before it has been handed out. */
export type OnPartial = (why: string) => void;

/**
 * @param file a path, `-` is stdin
 * @throws UsageError NO_SUCH_LOG, PACKED_LOG; EnvironmentError UNPACKER_MISSING
 */
export async function* readLog(cwd: string, file: string, onPartial: OnPartial): AsyncGenerator<string> {
  for await (const piece of readBytes(cwd, file, onPartial)) yield piece.toString('latin1');
}

/** The same, one byte a character. */
export async function* readBytes(cwd: string, file: string, onPartial: OnPartial): AsyncGenerator<Buffer> {
  const chunks = await open(cwd, file);
  const [first, all] = await peek(chunks, file);
  const shown = file === '-' ? '<stdin>' : file;
  const format = formatOf(first, shown);
  try {
    if (format === 'utf-16le' || format === 'utf-16be') yield* utf16(all, format);
    else if (format === 'gzip') yield* through(all, createGunzip());
    else if (format === 'zstd') yield* through(all, createZstdDecompress());
    else if (format === 'xz' || format === 'bzip2') yield* program(all, format);
    else yield* all;
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    onPartial(`it could not be read to its end (${(error as Error).message}); what came before was`);
  }
}

async function open(cwd: string, file: string): Promise<AsyncIterable<Buffer>> {
  return file === '-' ? process.stdin : createReadStream(resolve(cwd, file), { highWaterMark: pieceBytes });
}

/** The first bytes, and everything from the beginning. */
async function peek(chunks: AsyncIterable<Buffer>, file: string): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  try {
    while (first.length < 8) {
      const { value, done } = await iterator.next();
      if (done) break;
      first = first.length === 0 ? value : Buffer.concat([first, value]);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isFolder = code === 'EISDIR';
    throw new UsageError(isFolder ? `${file} is a folder` : `${file} cannot be read: ${message}`, {
      code: 'NO_SUCH_LOG',
      next: isFolder
        ? `give the files in it: ${file.replace(/\/$/, '')}/*`
        : 'give the paths of files, or - for stdin',
      cause: error,
    });
  }
  return [first, again(first, iterator)];
}

async function* again(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

type Format = 'plain' | 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'utf-16le' | 'utf-16be';

const magics: readonly [number[], Format][] = [
  [[0x1f, 0x8b], 'gzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz'],
  [[0x42, 0x5a, 0x68], 'bzip2'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];
/** What holds logs but is none. */
const containers: readonly [string, string, string][] = [
  ['PK\x03\x04', 'a zip archive', 'unpack it'],
  ['LPKSHHRH', 'a journal as journald stores it', 'journalctl --file FILE | vflab diagnose -'],
  ['\x7fELF', 'a program or a core dump', 'crash or gdb print what is in it: p *vector_matrix'],
  ['KDUMP   ', 'a crash dump', 'crash prints what is in it: dmesg, and p *vector_matrix'],
];

function formatOf(first: Buffer, file: string): Format {
  const text = first.toString('latin1', 0, 8);
  for (const [magic, what, next] of containers) {
    if (text.startsWith(magic))
      throw new UsageError(`${file} is ${what}, not a log`, { code: 'PACKED_LOG', next });
  }
  return magics.find(([magic]) => magic.every((byte, i) => first[i] === byte))?.[1] ?? 'plain';
}

/** Windows writes such files; what is beyond latin1 becomes `?`, for no rule looks at it. */
async function* utf16(
  chunks: AsyncIterable<Buffer>,
  encoding: 'utf-16le' | 'utf-16be',
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true }).replace(/[^\p{ASCII}\u0080-\u00ff]/gu, '?');
    yield Buffer.from(text, 'latin1');
  }
}

function through(chunks: AsyncIterable<Buffer>, unpacker: Duplex): AsyncIterable<Buffer> {
  // Errors come out of the loop that reads the unpacker.
  pipeline(Readable.from(chunks), unpacker, () => {});
  return unpacker;
}

async function* program(chunks: AsyncIterable<Buffer>, name: 'xz' | 'bzip2'): AsyncGenerator<Buffer> {
  const child = spawn(name, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | Error>((done) => {
    child.once('error', done);
    child.once('close', (code) => done(code ?? 1));
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said = (said + data).slice(0, 300);
  });
  try {
    pipeline(Readable.from(chunks), child.stdin, () => {});
    yield* child.stdout;
    const end = await ended;
    if (end instanceof Error)
      throw new EnvironmentError(`${name} cannot be run: ${end.message}`, {
        code: 'UNPACKER_MISSING',
        next: `install ${name}, or unpack the file yourself`,
        cause: end,
      });
    if (end !== 0) throw new Error(said.trim() || `${name} ended with ${end}`);
  } finally {
    child.kill();
  }
}
