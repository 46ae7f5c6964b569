/**
 * How many different spans a trace has, told from a bounded sample of their ids: the smallest hashes of all that were seen, sorted. What was
 * seen twice is in it once, and the smallest of both halves are the smallest of the whole, so neither repeats nor order matter. Up to
 * 1,024 the count is exact; past it, an estimate with a standard error of 3 % (k minimum values, Bar-Yossef and others, 2002).
 */
export type IdSample = readonly number[];

/** One more than is counted exactly: only then is it known that there are more. */
const MOST = 1_025;
const HASH_SPACE = 2 ** 53;

export function idSample(hashes: readonly number[]): IdSample {
  if (hashes.length < 2) return hashes;
  const sorted = [...hashes].sort((a, b) => a - b);
  const unique = sorted.filter((hash, at) => at === 0 || hash !== sorted[at - 1]);
  return unique.length > MOST ? unique.slice(0, MOST) : unique;
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

/** Eight bytes each, as base64: a text goes to the thread of a database faster than many small pieces of memory. */
export function writeSample(sample: IdSample): string {
  if (sample.length === 0) return '';
  return Buffer.from(Float64Array.from(sample).buffer).toString('base64');
}

export function readSample(text: string): IdSample {
  if (text === '') return [];
  // A copy of its own, since eight bytes at a time want to begin at a multiple of eight.
  const { buffer } = Uint8Array.from(Buffer.from(text, 'base64'));
  return [...new Float64Array(buffer)];
}
