import type { ServerHttp2Stream } from 'node:http2';
import { createGunzip } from 'node:zlib';
import type { ByteShare } from '../intake/byte-budget.ts';
import { giveBack } from '../intake/give-back.ts';
import { Pieces } from '../intake/pieces.ts';

export type Message =
  | { readonly status: 'read'; readonly bytes: Buffer }
  | { readonly status: 'too_large' | 'no_room' | 'broken_gzip' | 'broken_frame' | 'aborted' };

export interface ReadOptions {
  /** What the flag of a compressed message means here; null when the call named no compression. */
  readonly encoding: 'gzip' | null;
  readonly maxBytes: number;
  readonly share: ByteShare;
}

/** A flag for compression and the length, before every message. */
export const PREFIX_BYTES = 5;

/**
 * Reads the one message of a unary call and never holds more than `maxBytes` of it: its length is known from its first bytes, and counted
 * again as it is inflated.
 */
export async function readMessage(stream: ServerHttp2Stream, options: ReadOptions): Promise<Message> {
  const { encoding, maxBytes, share } = options;
  const framed = await readFramed(stream, maxBytes, share);
  if (framed.status !== 'read') return framed;
  const bytes = framed.bytes.subarray(PREFIX_BYTES);
  const isCompressed = framed.bytes[0] === 1;
  if (!isCompressed) return { status: 'read', bytes };
  if (encoding !== 'gzip') return { status: 'broken_frame' };
  const inflated = await inflate(bytes, maxBytes, share);
  giveBack(framed.bytes);
  return inflated;
}

function readFramed(stream: ServerHttp2Stream, maxBytes: number, share: ByteShare): Promise<Message> {
  return new Promise((resolve) => {
    // A chunk is a view of what its whole connection has read.
    const pieces = new Pieces({ areOwn: false });
    let expected: number | null = null;
    let isOver = false;
    const end = (message: Message): void => {
      isOver = true;
      stream.off('data', onData);
      pieces.empty();
      resolve(message);
    };
    const onData = (chunk: Buffer): void => {
      const { length } = chunk;
      pieces.add(chunk);
      if (expected === null && pieces.length >= PREFIX_BYTES) {
        const prefix = pieces.first(PREFIX_BYTES);
        expected = PREFIX_BYTES + prefix.readUInt32BE(1);
        if ((prefix[0] ?? 0) > 1) {
          end({ status: 'broken_frame' });
          return;
        }
      }
      if (expected !== null && expected > PREFIX_BYTES + maxBytes) end({ status: 'too_large' });
      // A second message, or something behind the first.
      else if (expected !== null && pieces.length > expected) end({ status: 'broken_frame' });
      else if (!share.take(length)) end({ status: 'no_room' });
    };
    stream.on('data', onData);
    stream.once('end', () => {
      if (isOver) return;
      const isWhole = expected !== null && pieces.length === expected;
      end(isWhole ? { status: 'read', bytes: pieces.whole() } : { status: 'broken_frame' });
    });
    stream.once('close', () => end({ status: 'aborted' }));
  });
}

function inflate(packed: Buffer, maxBytes: number, share: ByteShare): Promise<Message> {
  return new Promise((resolve) => {
    const gunzip = createGunzip({ chunkSize: 65_536 });
    const pieces = new Pieces({ areOwn: true });
    const end = (message: Message): void => {
      gunzip.destroy();
      pieces.empty();
      resolve(message);
    };
    gunzip.on('data', (chunk: Buffer) => {
      const { length } = chunk;
      if (pieces.length + length > maxBytes) end({ status: 'too_large' });
      else if (!share.take(length)) end({ status: 'no_room' });
      else pieces.add(chunk);
    });
    gunzip.once('error', () => end({ status: 'broken_gzip' }));
    gunzip.once('end', () => {
      // The last four bytes are the length of what was packed. Node reads on over a second member and over zeros behind the end: then
      // they are not.
      const isOneMember = packed.length >= 4 && packed.readUInt32LE(packed.length - 4) === pieces.length;
      end(isOneMember ? { status: 'read', bytes: pieces.whole() } : { status: 'broken_gzip' });
    });
    gunzip.end(packed);
  });
}
