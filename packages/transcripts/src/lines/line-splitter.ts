import { isAscii } from 'node:buffer';
import { Marks } from './marks.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NOTHING = Buffer.alloc(0);
const LEAST_ROOM = 128 * 1024;
/** A longer line is rare, and its room is not kept for the next. */
const MOST_ROOM_KEPT = 1024 * 1024;

export interface LineTaker {
  /** A line without its end; the text is copied out of the chunk. Lines of nothing but white space count but do not come. */
  line(text: string, number: number, byteLength: number): void;
  /** A line longer than the limit: nothing of it was kept. */
  tooLong(number: number, byteLength: number): void;
}

/**
 * Cuts bytes into lines (LF or CRLF) and holds no more of them than the line that is under way, and of that no more than the limit.
 * Bytes that are no UTF-8 become replacement characters: the line around them is still worth its numbers.
 */
export class LineSplitter {
  readonly #longestLineBytes: number;
  readonly #taker: LineTaker;
  readonly #marks: Marks | null;
  /** The line that is under way, in its first bytes; the room behind is used again from line to line. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  #isSkipping = false;
  #number = 0;

  /** `marks`: lines in which none of these stands are counted and do not come. */
  constructor(longestLineBytes: number, taker: LineTaker, marks: readonly string[] = []) {
    this.#longestLineBytes = longestLineBytes;
    this.#taker = taker;
    this.#marks = marks.length > 0 ? new Marks(marks) : null;
  }

  /** How many lines have ended, or begun. */
  get lines(): number {
    return this.#number + (this.#heldBytes > 0 ? 1 : 0);
  }

  chunk(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const from = this.#heldBytes === 0 ? 0 : buffer.indexOf(LINE_FEED) + 1;
    const to = buffer.lastIndexOf(LINE_FEED) + 1;
    if (from > 0) this.#last(buffer.subarray(0, from - 1));
    if (to > from) this.#all(buffer.subarray(from, to));
    if (to < buffer.length) this.#hold(buffer.subarray(to));
  }

  /** What came after the last end of a line; null: nothing. Told to nobody else. */
  rest(): { readonly text: string; readonly number: number; readonly byteLength: number } | null {
    if (this.#heldBytes === 0) return null;
    const byteLength = this.#heldBytes;
    const number = ++this.#number;
    const isTooLong = this.#isSkipping;
    const text = isTooLong ? '' : decode(this.#held.subarray(0, byteLength));
    this.#clear();
    if (!isTooLong) return { text, number, byteLength };
    this.#taker.tooLong(number, byteLength);
    return null;
  }

  /** Lines with their ends. Most are ASCII, and then it costs less to make one text of all and cut that. */
  #all(buffer: Buffer): void {
    if (this.#marks === null && isAscii(buffer)) {
      this.#cut(buffer.toString('latin1'));
      return;
    }
    let from = 0;
    for (let end = buffer.indexOf(LINE_FEED); end >= 0; end = buffer.indexOf(LINE_FEED, from)) {
      this.#whole(buffer, from, end);
      from = end + 1;
    }
  }

  #cut(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#number++;
      if (end - from > this.#longestLineBytes) this.#taker.tooLong(this.#number, end - from);
      else {
        const to = end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end;
        if (!isBlankText(text, from, to)) this.#taker.line(text.slice(from, to), this.#number, to - from);
      }
      from = end + 1;
    }
  }

  #whole(buffer: Buffer, from: number, end: number): void {
    this.#number++;
    if (end - from > this.#longestLineBytes) {
      this.#taker.tooLong(this.#number, end - from);
      return;
    }
    if (this.#marks && !this.#marks.beginIn(buffer, from, end)) return;
    const to = end > from && buffer[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (!isBlank(buffer, from, to)) this.#taker.line(buffer.toString('utf8', from, to), this.#number, to - from);
  }

  #last(tail: Buffer): void {
    this.#hold(tail);
    const byteLength = this.#heldBytes;
    if (this.#isSkipping) {
      this.#number++;
      this.#clear();
      this.#taker.tooLong(this.#number, byteLength);
      return;
    }
    const line = this.#held.subarray(0, byteLength);
    this.#clear();
    this.#whole(line, 0, byteLength);
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#isSkipping) return;
    if (this.#heldBytes > this.#longestLineBytes) {
      this.#isSkipping = true;
      letGo(this.#held);
      this.#held = NOTHING;
      return;
    }
    const before = this.#heldBytes - bytes.length;
    this.#makeRoom(before);
    // A copy: the chunk may be a slice of a larger buffer, which its giver may write over.
    this.#held.set(bytes, before);
  }

  #makeRoom(before: number): void {
    if (this.#held.length >= this.#heldBytes) return;
    const wanted = Math.max(LEAST_ROOM, this.#heldBytes, Math.min(2 * this.#held.length, this.#longestLineBytes));
    const room = Buffer.allocUnsafeSlow(wanted);
    room.set(this.#held.subarray(0, before));
    letGo(this.#held);
    this.#held = room;
  }

  #clear(): void {
    if (this.#held.length > MOST_ROOM_KEPT) this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#isSkipping = false;
  }
}

/** At once: a line of megabytes would leave all its smaller rooms to the garbage collector. Nobody else sees them. */
function letGo(room: Buffer): void {
  if (room.length > 0) (room.buffer as ArrayBuffer).transfer(0);
}

function decode(bytes: Buffer): string {
  const end = bytes.length > 0 && bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  return bytes.toString('utf8', 0, end);
}

function isBlank(buffer: Buffer, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if ((buffer[index] ?? 0) > 32) return false;
  // A line of nothing but NUL is what a crash leaves of one that was never written; it is no JSON and has to be told.
  return to === from || buffer[from] !== 0;
}

function isBlankText(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (text.charCodeAt(index) > 32) return false;
  return to === from || text.charCodeAt(from) !== 0;
}
