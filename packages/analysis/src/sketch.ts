import { BucketCounts } from './bucket-counts.ts';
import { bucketOf, bucketValue } from './buckets.ts';
import { decodeSketch, encodeSketch, type SketchParts } from './sketch-bytes.ts';

export type { Sketch };

/** An empty sketch. */
export function createSketch(): Sketch {
  return new Sketch();
}

/** The sketch that gave these bytes. Throws `DamagedSketchError` on any others. */
export function readSketch(bytes: Uint8Array): Sketch {
  return new Sketch(decodeSketch(bytes));
}

/**
 * The place of a quantile among `count` values in their order, counted from 1 (nearest rank). Whoever sorts the values
 * themselves finds there what a sketch answers within its error.
 */
export function rankOf(q: number, count: number): number {
  // 0.07 * 100 is a little over 7 in doubles, and rounding that up would be one too many.
  return Math.min(Math.max(1, Math.ceil(q * count * (1 - 4 * Number.EPSILON))), count);
}

/**
 * A distribution in little room: how many values fell into each of its buckets, and nothing else. So quantiles are at most
 * 0.775 % of the value away from the right one, for zero and for magnitudes from 1e-9 to 1e15 in whatever unit, and a
 * sketch of many parts is the sketch of all their values, byte for byte, in whatever order they came; what was added can
 * be taken out again. It grows with the spread of the values, never with their number: at most 5,120 buckets for each sign.
 */
class Sketch {
  readonly #negative = new BucketCounts();
  readonly #positive = new BucketCounts();
  #zeros = 0;

  constructor({ negative, zeros, positive }: SketchParts = EMPTY) {
    for (const [bucket, count] of negative) this.#negative.add(bucket, count);
    for (const [bucket, count] of positive) this.#positive.add(bucket, count);
    this.#zeros = zeros;
  }

  /** `count` times the same value. Throws `RangeError` on a value that is not finite, or a count that is not 1, 2, 3 …. */
  add(value: number, count = 1): void {
    const bucket = this.#bucketOf(value, count);
    this.#checkRoom(count);
    if (bucket < 0) this.#zeros += count;
    else (value > 0 ? this.#positive : this.#negative).add(bucket, count);
  }

  /** Undoes an `add`. False, and nothing is changed, when it does not hold so many such values. Throws like `add`. */
  remove(value: number, count = 1): boolean {
    const bucket = this.#bucketOf(value, count);
    if (bucket >= 0) return (value > 0 ? this.#positive : this.#negative).remove(bucket, count);
    if (this.#zeros < count) return false;
    this.#zeros -= count;
    return true;
  }

  /** Takes in all values of another one, which stays as it is. */
  merge(other: Sketch): void {
    this.#checkRoom(other.count);
    this.#negative.merge(other.#negative);
    this.#positive.merge(other.#positive);
    this.#zeros += other.#zeros;
  }

  /** How many values it holds. */
  get count(): number {
    return this.#negative.total + this.#zeros + this.#positive.total;
  }

  /**
   * The lowest value that at least the share `q`, from 0 to 1, of all values does not exceed (nearest rank: always a value
   * that there was, within the error, never a mean of two). Null when empty.
   */
  quantile(q: number): number | null {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`${q} is not a share from 0 to 1`);
    const { count } = this;
    if (count === 0) return null;
    const rank = rankOf(q, count);
    const negatives = this.#negative.total;
    if (rank <= negatives) return -bucketValue(this.#negative.bucketOfRank(negatives - rank + 1));
    const above = rank - negatives - this.#zeros;
    return above <= 0 ? 0 : bucketValue(this.#positive.bucketOfRank(above));
  }

  /** The same for the same values, however they came; `readSketch` takes them. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return encodeSketch({
      negative: this.#negative.entries(),
      zeros: this.#zeros,
      positive: this.#positive.entries(),
    });
  }

  /** Negative: it counts as zero. */
  #bucketOf(value: number, count: number): number {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a value: a sketch takes finite numbers`);
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${count} is not a count: it is 1, 2, 3 …`);
    return bucketOf(Math.abs(value));
  }

  /** Beyond 2^53 counts would no longer be exact. */
  #checkRoom(count: number): void {
    if (Number.isSafeInteger(this.count + count)) return;
    throw new RangeError(`A sketch counts up to 2^53 values: with ${count} more there would be too many`);
  }
}

const EMPTY: SketchParts = Object.freeze({ negative: [], zeros: 0, positive: [] });
