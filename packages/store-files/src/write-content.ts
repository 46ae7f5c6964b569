import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ArtifactTooLargeError } from '@tracepost/stores';

/** A sender that gives nothing for so long has gone away. */
const STALLED_AFTER_MS = 60_000;
/** Hashing a larger piece at once would hold up everything else on this thread. */
const PIECE_BYTES = 1024 * 1024;

/** Writes and hashes as the bytes come in, never more than `maxBytes`, and gives when they are on the disk. */
export async function writeContent(
  path: string,
  content: Readable | Buffer,
  maxBytes: number,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx');
  try {
    for await (const piece of piecesOf(content)) {
      bytes += piece.length;
      if (bytes > maxBytes) {
        throw new ArtifactTooLargeError(`The artifact has more than the ${maxBytes} bytes allowed; nothing was kept.`);
      }
      hash.update(piece);
      await writeWhole(file, piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function* piecesOf(content: Readable | Buffer): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) return yield* cut(content);
  const stalled = setTimeout(
    () => content.destroy(new Error(`The sender gave nothing for ${STALLED_AFTER_MS / 1000} s`)),
    STALLED_AFTER_MS,
  );
  try {
    for await (const piece of content) {
      yield* cut(Buffer.from(piece));
      stalled.refresh();
    }
  } finally {
    clearTimeout(stalled);
  }
}

function* cut(piece: Buffer): Generator<Buffer> {
  for (let start = 0; start < piece.length; start += PIECE_BYTES) yield piece.subarray(start, start + PIECE_BYTES);
}

/** The system may take less than it was given. */
async function writeWhole(file: FileHandle, piece: Buffer): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const { bytesWritten } = await file.write(piece, written);
    written += bytesWritten;
  }
}
