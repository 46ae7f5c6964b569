import { BinaryReader } from '@bufbuild/protobuf/wire';
import { MAX_STRING_BYTES } from '../../limits.ts';
import { MalformedError } from '../malformed-error.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
const FIXED32 = 5;

/** One request, with what reading it may cost. */
export interface Wire {
  readonly reader: BinaryReader;
  readonly bytes: Buffer;
  unknownFieldsLeft: number;
  partsLeft: number;
}

/** Newer senders may use fields that we do not know, but not a million of them. */
const MAX_UNKNOWN_FIELDS = 10_000;
/**
 * Records, attributes, events, links, list entries of one request. An empty one takes two bytes on the wire and a hundred times that in
 * memory; real ones take far more than eight.
 */
export const MAX_PARTS = 500_000;
const PARTS_OF_ANY_REQUEST = 10_000;
const BYTES_PER_PART = 8;

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function openWire(bytes: Uint8Array): Wire {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    reader: new BinaryReader(buffer),
    bytes: buffer,
    unknownFieldsLeft: MAX_UNKNOWN_FIELDS,
    partsLeft: Math.min(MAX_PARTS, PARTS_OF_ANY_REQUEST + Math.floor(buffer.length / BYTES_PER_PART)),
  };
}

/** Every object that reading makes is counted before it is made; so is what is stepped over, since that takes time too. */
export function countPart(wire: Wire): void {
  wire.partsLeft -= 1;
  if (wire.partsLeft < 0) throw new MalformedError('too many parts for its size', 'too_many_parts');
}

/** A tag as one number, so that a `switch` sees field and wire type at once: a known field of another type is not known. */
export function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Where the message that begins here ends; never past the end of the one around it. */
export function readEnd({ reader }: Wire, outerEnd: number): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > outerEnd) throw new MalformedError('a length points past its message');
  return end;
}

/** To be called with the position behind the last field. */
export function assertEnd({ reader }: Wire, end: number): void {
  if (reader.pos !== end) throw new MalformedError('a field reaches past its message');
}

/**
 * Steps over a field that is not read. `known` has a bit for every field that this message reads: one of those with another wire type
 * means that something else was sent here, a log record for a span, say. `unused` has one for those of the specification that we
 * have no use for; any others are counted.
 */
export function skipUnknown(wire: Wire, seen: number, known: number, unused = 0): void {
  const field = seen >>> 3;
  const wireType = seen & 7;
  if (field === 0) throw new MalformedError('field number 0');
  if (field < 31 && (known >>> field) & 1) throw new MalformedError(`field ${field} has wire type ${wireType}`);
  if (field < 31 && (unused >>> field) & 1) {
    skip(wire, wireType);
    return;
  }
  wire.unknownFieldsLeft -= 1;
  if (wire.unknownFieldsLeft < 0) throw new MalformedError('too many unknown fields');
  skip(wire, wireType);
}

export function skip({ reader }: Wire, wireType: number): void {
  if (wireType === VARINT) reader.uint64();
  else if (wireType === FIXED64) reader.pos += 8;
  else if (wireType === FIXED32) reader.pos += 4;
  else if (wireType === LENGTH) {
    const length = reader.uint32();
    reader.pos += length;
  } else throw new MalformedError(`wire type ${wireType}`);
}

export function bits(...fields: number[]): number {
  return fields.reduce((mask, field) => mask | (1 << field), 0);
}

export function readString(wire: Wire): string {
  const { reader, bytes } = wire;
  const start = reader.pos;
  const length = reader.uint32();
  if (length <= MAX_STRING_BYTES) {
    reader.pos = start;
    // Strict: bytes that are no UTF-8 would be stored as something else than was sent.
    return reader.string(true);
  }
  const from = reader.pos;
  reader.pos += length;
  let end = from + MAX_STRING_BYTES;
  while (end > from && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return STRICT_UTF8.decode(bytes.subarray(from, end));
}

/** Lower-case hex; empty when there are no bytes. */
export function readId({ reader, bytes }: Wire): string {
  const length = reader.uint32();
  const from = reader.pos;
  reader.pos += length;
  // Only right lengths matter; the longest of all would be a needless string.
  return bytes.toString('hex', from, from + Math.min(length, 17));
}

export function readTime({ reader }: Wire): bigint {
  return BigInt(reader.fixed64());
}
