/**
 * Every power of two is cut into 64 buckets of equal width. A bucket of the lowest part, from l to l + l/64, is the widest
 * for its values: answering 2lu / (l + u) for it is wrong by (u - l) / (u + l) = 1/129 of a value at either end, less
 * inside. In the later parts the same width is less of the value. The bucket's number stands in the topmost bits of the
 * double (exponent, then six bits of the fraction), so no logarithm is taken and every machine finds the same one.
 */
const PARTS_BITS = 6;
const PARTS = 2 ** PARTS_BITS;

/** The proven bound of the relative error: 0.775 %. */
export const MAX_RELATIVE_ERROR = 1 / (2 * PARTS + 1);

/** 2^-30, about 9.3e-10: what is smaller counts as zero. */
const LOWEST_POWER = -30;
/** 2^50, about 1.1e15: what is as large or larger falls into the last bucket. */
const HIGHEST_POWER = 50;

export const BUCKETS = (HIGHEST_POWER - LOWEST_POWER) * PARTS;

const EXPONENT_BIAS = 1023;
const FIRST_BITS = (EXPONENT_BIAS + LOWEST_POWER) << PARTS_BITS;
/** Of the upper half of a double: 20 bits of fraction, of which the first six name the part. */
const DROPPED_BITS = 20 - PARTS_BITS;

const double = new DataView(new ArrayBuffer(8));

/** Of a magnitude, never negative: its bucket, 0 to `BUCKETS - 1`; below zero: it counts as zero. */
export function bucketOf(magnitude: number): number {
  double.setFloat64(0, magnitude);
  const bucket = (double.getUint32(0) >>> DROPPED_BITS) - FIRST_BITS;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/** The value that is at most `MAX_RELATIVE_ERROR` away from every value of the bucket. */
export function bucketValue(bucket: number): number {
  const lower = lowerBound(bucket);
  const upper = lowerBound(bucket + 1);
  return (2 * lower * upper) / (lower + upper);
}

function lowerBound(bucket: number): number {
  const power = Math.floor(bucket / PARTS) + LOWEST_POWER;
  return 2 ** power * (1 + (bucket % PARTS) / PARTS);
}
