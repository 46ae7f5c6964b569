import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';

/** Codex packs the sessions that it has not written for a week. Throws for what is damaged, and what `content` throws. */
export async function* unpackZstd(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpack = createZstdDecompress();
  // What goes wrong on the way ends the stream that is read here, with the same error.
  const whole = pipeline(content, unpack).catch(() => {});
  yield* unpack;
  await whole;
}
