import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { unpackZstd } from './unpack-zstd.ts';
import { kindOf, reasonOf } from './walk-files.ts';

/** What tells whether a file is still the same: `mtimeNs` as decimal digits. */
export interface FileState {
  readonly size: number;
  readonly mtimeNs: string;
}

export interface TranscriptFile extends AsyncDisposable, FileState {
  readonly isGzip: boolean;
  /** It holds something other than text, and so is no transcript. */
  readonly isBinary: boolean;
  /** Every format that there is begins with an object or a list; a line in front may be damaged all the same. */
  readonly beginsAsJson: boolean;
  /** Of as many bytes as there were when it was opened, even if it grows meanwhile: unpacked where they are zstd. From the beginning each time. */
  content(): AsyncGenerator<Buffer>;
  /** Why the content could not be read to its end; null when it could. */
  fault(): string | null;
  /** Of the bytes behind what `content` gave last, once it has ended, in hexadecimal; null when the file became shorter under it. */
  sha256(): string | null;
}

const HEAD_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** What each frame of zstd begins with. */
const ZSTD = 0x28b52ffd;
/** Neither follows a link that has taken the file's place, nor waits for whoever would write into a FIFO. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Gives why it cannot be read in the place of a file that cannot. */
export async function openTranscriptFile(path: string): Promise<TranscriptFile | { readonly reason: string }> {
  let handle: FileHandle;
  try {
    handle = await open(path, FLAGS);
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) {
      await handle.close();
      return { reason: `is ${kindOf(stats) ?? 'no regular file'}` };
    }
    return await describe(handle, stats);
  } catch (error) {
    await handle.close();
    return { reason: reasonOf(error) };
  }
}

async function describe(handle: FileHandle, stats: BigIntStats): Promise<TranscriptFile> {
  const size = Number(stats.size);
  const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const begin = head.subarray(0, bytesRead);
  const isGzip = begin[0] === 0x1f && begin[1] === 0x8b;
  const isZstd = begin.length >= 4 && begin.readUInt32BE(0) === ZSTD;
  let sha256: string | null = null;
  let fault: string | null = null;
  const read = async (chunk: Buffer, position: number): Promise<number> => {
    try {
      return (await handle.read(chunk, 0, chunk.length, position)).bytesRead;
    } catch (error) {
      fault = reasonOf(error);
      throw error;
    }
  };

  async function* bytes(): AsyncGenerator<Buffer> {
    sha256 = null;
    const hash = createHash('sha256');
    let position = 0;
    while (position < size) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position));
      const piece = chunk.subarray(0, await read(chunk, position));
      if (piece.length === 0) return;
      position += piece.length;
      hash.update(piece);
      yield piece;
    }
    sha256 = hash.digest('hex');
  }

  const beginsAsJson = isGzip || isZstd || isUtf16(begin) || /^\ufeff?\s*[{[]/.test(begin.toString('utf8'));

  return {
    size,
    mtimeNs: String(stats.mtimeNs),
    isGzip,
    // A loss of power leaves zeros in the middle of what is text.
    isBinary: begin.includes(0) && !beginsAsJson,
    beginsAsJson,
    async *content() {
      if (!isZstd) return yield* bytes();
      try {
        yield* unpackZstd(bytes());
      } catch (error) {
        fault ??= `is zstd that cannot be unpacked: ${reasonOf(error)}`;
        throw error;
      }
    },
    fault: () => fault,
    sha256: () => sha256,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Text too, though every second byte of it is zero; without a mark it is known by the bracket that it begins with. */
function isUtf16([one, two]: Buffer): boolean {
  const isMarked = (one === 0xff && two === 0xfe) || (one === 0xfe && two === 0xff);
  return isMarked || (isBracket(one) && two === 0) || (one === 0 && isBracket(two));
}

function isBracket(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b;
}
