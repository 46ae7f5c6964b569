import { giveBack } from './give-back.ts';

/** Larger than what malloc cuts out of its heap: it comes from the system and goes back there, whatever was allocated meanwhile. */
const PIECE_BYTES = 262_144;
const NOTHING = Buffer.alloc(0);

/**
 * Bytes of one request as they come. They are copied out of their chunks, each of which is given back at once: thousands of chunks that are held for a
 * while leave a heap full of holes behind, and over HTTP/2 each holds what its whole connection has read.
 */
export class Pieces {
  #pieces: Buffer[] = [];
  /** Of the last piece. */
  #used = 0;
  #length = 0;
  readonly #areOwn: boolean;

  /** `areOwn`: nobody else looks at the memory of a chunk once it was added. */
  constructor({ areOwn }: { readonly areOwn: boolean }) {
    this.#areOwn = areOwn;
  }

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    const [first] = this.#pieces;
    const isSecond = first !== undefined && first.length === this.#length;
    if (first === undefined) {
      // Most requests are of one chunk, which needs no copy.
      this.#pieces.push(chunk);
      this.#used = chunk.length;
      this.#length = chunk.length;
      return;
    }
    if (isSecond) {
      this.#pieces = [];
      this.#length = 0;
      this.#copy(first);
    }
    this.#copy(chunk);
  }

  /** The first so many, or fewer when there are not more. */
  first(count: number): Buffer {
    return (this.#pieces[0] ?? NOTHING).subarray(0, Math.min(count, this.#length));
  }

  /** All of them in one; nothing is left here. */
  whole(): Buffer {
    const [only] = this.#pieces;
    if (only !== undefined && only.length === this.#length) {
      this.#pieces = [];
      this.#length = 0;
      return only;
    }
    const whole = Buffer.concat(this.#pieces, this.#length);
    this.empty();
    return whole;
  }

  empty(): void {
    const [first] = this.#pieces;
    const isChunk = first !== undefined && first.length === this.#length;
    if (this.#areOwn || !isChunk) for (const piece of this.#pieces) giveBack(piece);
    this.#pieces = [];
    this.#length = 0;
  }

  #copy(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      let last = this.#pieces.at(-1);
      if (last === undefined || this.#used === last.length) {
        last = Buffer.allocUnsafeSlow(PIECE_BYTES);
        this.#pieces.push(last);
        this.#used = 0;
      }
      const copied = chunk.copy(last, this.#used, from);
      this.#used += copied;
      from += copied;
    }
    this.#length += chunk.length;
    if (this.#areOwn) giveBack(chunk);
  }
}
