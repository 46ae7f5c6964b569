/**
 * How many different spans a trace has, told from a bounded sample of their ids: the smallest hashes of all that were seen. What was seen
 * twice is in it once, and the smallest of both halves are the smallest of the whole, so neither repeats nor order matter. Up to 1,024 the
 * count is exact; past it, an estimate with a standard error of 3 % (k minimum values, Bar-Yossef and others, 2002).
 */
export type IdSample = readonly number[];

/** One more than is counted exactly: only then is it known that there are more. */
const MOST = 1_025;
const HASH_SPACE = 2 ** 53;

export function idSample(hashes: Iterable<number>): IdSample {
  const sorted = [...new Set(hashes)].sort((a, b) => a - b);
  return sorted.length > MOST ? sorted.slice(0, MOST) : sorted;
}

export function mergeSamples(a: IdSample, b: IdSample): IdSample {
  if (a.length === 0) return b;
  return b.length === 0 ? a : idSample([...a, ...b]);
}

export function countOf(sample: IdSample): { readonly count: number; readonly isExact: boolean } {
  const largest = sample[MOST - 1];
  if (largest === undefined) return { count: sample.length, isExact: true };
  return { count: Math.round((MOST - 1) / ((largest + 1) / HASH_SPACE)), isExact: false };
}

/** Of an id of 16 hex digits: 53 bits, evenly spread also over ids that somebody counts up. */
export function hashSpanId(spanId: string): number {
  let high = Number.parseInt(spanId.slice(0, 8), 16) | 0;
  let low = Number.parseInt(spanId.slice(8), 16) | 0;
  // Four rounds of a Feistel network: different ids stay different until bits are dropped.
  high ^= mix(low);
  low ^= mix(high ^ 0x9e3779b9);
  high ^= mix(low ^ 0x7f4a7c15);
  low ^= mix(high);
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

/** The finalizer of MurmurHash3 (public domain). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Eight bytes each, in their order. */
export function sampleBytes(sample: IdSample): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(sample.length * 8));
  for (const [at, hash] of sample.entries()) bytes.setFloat64(at * 8, hash);
  return new Uint8Array(bytes.buffer);
}

export function readSample({ buffer, byteOffset, byteLength }: Uint8Array): IdSample {
  const bytes = new DataView(buffer, byteOffset, byteLength);
  return Array.from({ length: byteLength / 8 }, (_, at) => bytes.getFloat64(at * 8));
}
