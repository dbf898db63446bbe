/** Input that may be compressed, told by its first bytes: `FILE.gz` and a pipe are read alike. */
import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';

/** RFC 1952: ID1 and ID2. */
const magic = [0x1f, 0x8b];

/**
 * The bytes of `input`, unpacked if they are gzip's; nothing is held but a window. A compressed file that was cut
 * gives what is left of it.
 * @throws what the stream says, and zlib's error for damaged data.
 */
export async function* unpacked(input: Readable): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  const pieces = input.iterator() as AsyncIterator<Buffer>;
  try {
    while (head.length < magic.length) {
      const { value, done } = await pieces.next();
      if (done) break;
      head = Buffer.concat([head, value]);
    }
    const rest = chain(head, pieces);
    if (!magic.every((byte, i) => head[i] === byte)) return yield* rest;
    const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    // Its errors come out of the iteration below.
    yield* pipeline(Readable.from(rest), gunzip, () => {}) as AsyncIterable<Buffer>;
  } finally {
    input.destroy();
  }
}

async function* chain(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}
