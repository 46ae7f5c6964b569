import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';

/**
 * Codex packs the sessions that it has not written for a week. Throws for what is damaged, for what goes on behind the first frame, where Node stops
 * and says nothing, and what `content` throws.
 */
export async function* unpackZstd(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpack = createZstdDecompress();
  let given = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const bytes of content) {
      given += bytes.length;
      yield bytes;
    }
  }
  // What goes wrong on the way ends the stream that is read here, with the same error.
  const whole = pipeline(counted, unpack).catch(() => {});
  yield* unpack;
  await whole;
  if (unpack.bytesWritten < given) {
    throw new Error('more follows behind its first part; unpack it with zstd -d, and import that');
  }
}
