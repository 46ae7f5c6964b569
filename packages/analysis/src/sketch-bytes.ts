import { BUCKETS } from './buckets.ts';
import { crc32 } from './crc32.ts';
import { DamagedSketchError } from './damaged-sketch-error.ts';

/** All that a sketch holds; entries by ascending bucket. */
export interface SketchParts {
  readonly negative: readonly (readonly [bucket: number, count: number])[];
  readonly zeros: number;
  readonly positive: readonly (readonly [bucket: number, count: number])[];
}

const VERSION = 1;
/** The version and four bytes of checksum. */
const HEADER_BYTES = 5;

/**
 * Version, checksum (CRC-32 of the rest), then varints: how many zeros, and for negative and positive values how many
 * buckets, each as its distance to the one before and its count.
 */
export function encodeSketch({ negative, zeros, positive }: SketchParts): Uint8Array<ArrayBuffer> {
  const numbers = [zeros, ...encodeEntries(negative), ...encodeEntries(positive)];
  const bytes = new Uint8Array(HEADER_BYTES + numbers.reduce((sum, number) => sum + varintLength(number), 0));
  bytes[0] = VERSION;
  let at = HEADER_BYTES;
  for (const number of numbers) at = writeVarint(bytes, at, number);
  new DataView(bytes.buffer).setUint32(1, crc32(bytes.subarray(HEADER_BYTES)));
  return bytes;
}

function encodeEntries(entries: SketchParts['positive']): number[] {
  const numbers = [entries.length];
  let previous = -1;
  for (const [bucket, count] of entries) {
    numbers.push(bucket - previous - 1, count);
    previous = bucket;
  }
  return numbers;
}

/** Throws `DamagedSketchError` on anything that `encodeSketch` does not give. */
export function decodeSketch(bytes: Uint8Array): SketchParts {
  if (bytes.length < HEADER_BYTES) throw new DamagedSketchError(`${bytes.length} bytes are too few for a sketch`);
  if (bytes[0] !== VERSION) throw new DamagedSketchError(`${bytes[0]} is not the version of a sketch: ${VERSION} is`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(1) !== crc32(bytes.subarray(HEADER_BYTES))) {
    throw new DamagedSketchError('The checksum of a sketch does not fit its bytes');
  }
  const reader = createReader(bytes);
  const parts = { zeros: reader.next(), negative: decodeEntries(reader), positive: decodeEntries(reader) };
  if (!reader.isAtEnd()) throw new DamagedSketchError('More bytes follow than the sketch has');
  return parts;
}

interface Reader {
  next(): number;
  isAtEnd(): boolean;
}

function createReader(bytes: Uint8Array): Reader {
  let at = HEADER_BYTES;
  return {
    next() {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        if (byte === undefined) throw new DamagedSketchError('The bytes end in the middle of a sketch');
        value += (byte & 127) * scale;
        if (!Number.isSafeInteger(value)) throw new DamagedSketchError('A number in a sketch is too large');
        if (byte < 128) return value;
      }
    },
    isAtEnd: () => at === bytes.length,
  };
}

function decodeEntries(reader: Reader): [number, number][] {
  const length = reader.next();
  if (length > BUCKETS) throw new DamagedSketchError(`A sketch has ${BUCKETS} buckets at most and not ${length}`);
  let previous = -1;
  return Array.from({ length }, () => {
    const bucket = previous + 1 + reader.next();
    const count = reader.next();
    if (bucket >= BUCKETS || count === 0) throw new DamagedSketchError('A bucket of a sketch is impossible');
    previous = bucket;
    return [bucket, count];
  });
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}
