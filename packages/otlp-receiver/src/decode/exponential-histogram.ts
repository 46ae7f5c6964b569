import type { MetricData, Temporality } from '@tracepost/contracts';
import { MAX_BUCKETS } from '../limits.ts';

/** One side: the bucket at `at` holds values above 2^((offset + at) / 2^scale), up to the next such power. */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface ExponentialHistogram {
  readonly temporality: Temporality;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
}

/** Two bounds for every doubling, from a millionth (seconds of a fast call) to a million millions (bytes of a large file). */
const BOUNDS_PER_DOUBLING = 2;
const LOWEST_DOUBLING = -20;
const HIGHEST_DOUBLING = 40;
const FIRST = LOWEST_DOUBLING * BOUNDS_PER_DOUBLING;
const BOUNDS: readonly number[] = Array.from(
  { length: (HIGHEST_DOUBLING - LOWEST_DOUBLING) * BOUNDS_PER_DOUBLING + 1 },
  (_, at) => 2 ** ((FIRST + at) / BOUNDS_PER_DOUBLING),
);
/** Of the specification's own senders: finer ones tell numbers apart that a double cannot. */
const MIN_SCALE = -10;
const MAX_SCALE = 20;
/** Powers of two that a double can be. */
const MAX_EXPONENT = 1_075;

/**
 * An exponential histogram as one with explicit bounds, or the reason why it cannot be. The bounds are the same for every point: its own
 * move with the values, and differences between points, which rates and percentiles are made of, need them to stay. Scales of 1 and more
 * fall into them exactly; a coarser bucket is counted where it ends. Values of zero and below stand in the first bucket.
 */
export function toExplicitHistogram(histogram: ExponentialHistogram): MetricData | string {
  const { temporality, count, sum, min, max, scale, zeroCount, positive, negative } = histogram;
  if (positive.counts.length + negative.counts.length > MAX_BUCKETS) return 'too_many_buckets';
  if (!Number.isInteger(scale) || scale < MIN_SCALE || scale > MAX_SCALE) return 'invalid_histogram';
  if (![positive, negative].every(({ offset }) => Number.isInteger(offset))) return 'invalid_histogram';
  // Left out where values may be negative; a sum of 0 in its place would be a wrong average.
  if (sum === null) return 'histogram_without_sum';

  const bucketCounts = new Array<number>(BOUNDS.length + 1).fill(0);
  bucketCounts[0] = zeroCount + total(negative.counts);
  const bucketsPerDoubling = 2 ** scale;
  for (const [at, inBucket] of positive.counts.entries()) {
    if (inBucket === 0) continue;
    const exponent = (positive.offset + at + 1) / bucketsPerDoubling;
    if (Math.abs(exponent) > MAX_EXPONENT) return 'invalid_histogram';
    const index = Math.ceil(exponent * BOUNDS_PER_DOUBLING) - FIRST;
    const place = Math.min(Math.max(index, 0), BOUNDS.length);
    bucketCounts[place] = (bucketCounts[place] ?? 0) + inBucket;
  }
  if (total(bucketCounts) !== count) return 'invalid_histogram';
  return { type: 'histogram', temporality, count, sum, min, max, bounds: BOUNDS, bucketCounts };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}
