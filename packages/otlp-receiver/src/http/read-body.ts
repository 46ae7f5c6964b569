import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { ByteShare } from '../intake/byte-budget.ts';
import { Pieces } from '../intake/pieces.ts';

export type Body =
  | { readonly status: 'read'; readonly bytes: Buffer }
  | { readonly status: 'too_large' | 'no_room' | 'broken_gzip' | 'aborted' };

/**
 * Reads a body, plain or gzip, and never holds more than `maxBytes` of it: bytes are counted as they come, and again as they are
 * inflated, so that a bomb ends at the limit instead of in memory.
 */
export function readBody(
  request: IncomingMessage,
  { isGzip, maxBytes, share }: { readonly isGzip: boolean; readonly maxBytes: number; readonly share: ByteShare },
): Promise<Body> {
  return isGzip ? readGzip(request, maxBytes, share) : readPlain(request, maxBytes, share);
}

function readPlain(request: IncomingMessage, maxBytes: number, share: ByteShare): Promise<Body> {
  return new Promise((resolve) => {
    const body = new Gathering(maxBytes, share);
    const end = (outcome: Body) => {
      request.off('data', onData);
      body.empty();
      resolve(outcome);
    };
    const onData = (chunk: Buffer) => {
      const fault = body.add(chunk);
      if (fault) end({ status: fault });
    };
    request.on('data', onData);
    request.once('end', () => end({ status: 'read', bytes: body.whole() }));
    request.once('close', () => end({ status: 'aborted' }));
  });
}

function readGzip(request: IncomingMessage, maxBytes: number, share: ByteShare): Promise<Body> {
  return new Promise((resolve) => {
    const body = new Gathering(maxBytes, share);
    const gunzip = createGunzip({ chunkSize: 65_536 });
    let received = 0;
    let tail = Buffer.alloc(0);
    const end = (outcome: Body) => {
      request.off('data', onCompressed);
      request.unpipe(gunzip);
      gunzip.destroy();
      body.empty();
      resolve(outcome);
    };
    const onCompressed = (chunk: Buffer) => {
      received += chunk.length;
      tail = Buffer.concat([tail, chunk.subarray(-4)]).subarray(-4);
      // What is inflated counts below; this is for a stream that inflates to nothing.
      if (received > maxBytes) end({ status: 'too_large' });
    };
    request.on('data', onCompressed);
    request.once('close', () => {
      if (!request.complete) end({ status: 'aborted' });
    });
    gunzip.on('data', (chunk: Buffer) => {
      const fault = body.add(chunk);
      if (fault) end({ status: fault });
    });
    gunzip.once('error', () => end({ status: 'broken_gzip' }));
    gunzip.once('end', () => {
      const bytes = body.whole();
      // The last four bytes are the length of what was packed. Node reads on over a second member and over zeros behind the
      // end: then they are not.
      const isOneMember = tail.length === 4 && tail.readUInt32LE() === bytes.length;
      end(isOneMember ? { status: 'read', bytes } : { status: 'broken_gzip' });
    });
    request.pipe(gunzip);
  });
}

class Gathering {
  readonly #maxBytes: number;
  readonly #share: ByteShare;
  readonly #pieces = new Pieces({ areOwn: true });
  #length = 0;

  constructor(maxBytes: number, share: ByteShare) {
    this.#maxBytes = maxBytes;
    this.#share = share;
  }

  add(chunk: Buffer): 'too_large' | 'no_room' | null {
    this.#length += chunk.length;
    if (this.#length > this.#maxBytes) return 'too_large';
    if (!this.#share.take(chunk.length)) return 'no_room';
    this.#pieces.add(chunk);
    return null;
  }

  whole(): Buffer {
    return this.#pieces.whole();
  }

  /** To be called once none of it is read any more, but for what `whole` gave. */
  empty(): void {
    this.#pieces.empty();
  }
}
