import type { HrTime } from '@opentelemetry/api';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

const TWO_32 = 2 ** 32;
/** Strings up to here are written by hand: a call into the runtime costs more than the loop. */
const SHORT = 48;
/** Written over and over: the names of attributes. Those of strangers have no bound. */
const MAX_KNOWN_KEYS = 2_000;

/**
 * Protocol buffers, written straight into one growing buffer that is used again and again. Messages whose length is not known before they
 * are written get it when they end: `open` leaves a byte for it, and `close` moves what follows when that is not enough.
 */
export class ByteWriter {
  position = 0;
  #bytes: Buffer;
  #view: DataView;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(bytes = 65_536) {
    this.#bytes = Buffer.allocUnsafe(bytes);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  }

  /** What was written, until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.position);
  }

  tag(field: number, wireType: number): void {
    this.varint((field << 3) | wireType);
  }

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.position++] = rest;
  }

  /** A whole number of up to 64 bits; below zero it takes ten bytes, as the format wants it. */
  int64(value: number): void {
    if (value >= 0 && value < 2 ** 31) {
      this.varint(value);
      return;
    }
    this.#room(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.position++] = Number(rest);
  }

  double(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  fixed32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.position, value, true);
    this.position += 4;
  }

  /** Nanoseconds since the epoch: more than a double holds exactly, so in two halves, each computed from parts that it does. */
  time([seconds, nanos]: HrTime): void {
    this.#room(8);
    const upper = Math.floor(seconds / 65_536) * 1e9;
    const lower = (seconds % 65_536) * 1e9 + nanos;
    const low = (upper % 65_536) * 65_536 + (lower % TWO_32);
    const high = Math.floor(upper / 65_536) + Math.floor(lower / TWO_32) + (low >= TWO_32 ? 1 : 0);
    this.#view.setUint32(this.position, low >>> 0, true);
    this.#view.setUint32(this.position + 4, high >>> 0, true);
    this.position += 8;
  }

  /** An id, given as hex. */
  id(hex: string): void {
    const length = hex.length >>> 1;
    this.#room(length + 1);
    this.#bytes[this.position++] = length;
    for (let at = 0; at < length; at += 1)
      this.#bytes[this.position++] = (digit(hex.charCodeAt(2 * at)) << 4) | digit(hex.charCodeAt(2 * at + 1));
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** With its length in front. */
  string(text: string): void {
    if (text.length <= SHORT && this.#shortAscii(text)) return;
    const length = Buffer.byteLength(text);
    this.varint(length);
    this.#room(length);
    this.position += this.#bytes.write(text, this.position, length, 'utf8');
  }

  /** The same as `string`, remembered: the same few come again and again. */
  key(text: string): void {
    const known = this.#keys.get(text) ?? this.#learn(text);
    this.#room(known.length);
    for (let at = 0; at < known.length; at += 1) this.#bytes[this.position++] = known[at] as number;
  }

  /** Begins a message of unknown length; hand what it gives to `close`. */
  open(): number {
    this.#room(1);
    return this.position++;
  }

  close(opened: number): void {
    const length = this.position - opened - 1;
    if (length < 0x80) {
      this.#bytes[opened] = length;
      return;
    }
    const extra = varintSize(length) - 1;
    this.#room(extra);
    this.#bytes.copyWithin(opened + 1 + extra, opened + 1, this.position);
    this.position = opened;
    this.varint(length);
    this.position += length;
  }

  #shortAscii(text: string): boolean {
    this.#room(text.length + 1);
    const start = this.position + 1;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return false;
      this.#bytes[start + at] = code;
    }
    this.#bytes[this.position] = text.length;
    this.position = start + text.length;
    return true;
  }

  #learn(text: string): Uint8Array {
    if (this.#keys.size >= MAX_KNOWN_KEYS) this.#keys.clear();
    const start = this.position;
    this.string(text);
    const known = Uint8Array.from(this.#bytes.subarray(start, this.position));
    this.position = start;
    this.#keys.set(text, known);
    return known;
  }

  #room(bytes: number): void {
    if (this.position + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.position + bytes));
    this.#bytes.copy(larger, 0, 0, this.position);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }
}

function digit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}

function varintSize(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  return value < 2 ** 28 ? 4 : 5;
}
