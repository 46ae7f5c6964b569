import { type DecimalInput, parseDecimal, type Rational, roundHalfUp } from './decimal.ts';
import { PICODOLLARS_PER_USD, toUsd } from './money.ts';
import { COMPUTE_PRICES, type ComputePrice, MODEL_PRICES, type ModelPrice, priceOn } from './price-table.ts';

export type ImageQuality = 'low' | 'medium' | 'high';

export const QUALITY_MULTIPLIERS: Readonly<Record<ImageQuality, number>> = { low: 0.5, medium: 1, high: 1.5 };

const INPUT_TOKENS = 500n;
const OUTPUT_TOKENS = 100n;
/** 1,536 MB of memory are billed for as long as an image is worked on. */
const MEMORY_GB: Rational = { numerator: 3n, denominator: 2n };
/** Two megabytes of encoded input are included; the megabyte of this formula is 1,048,576 bytes. */
const INCLUDED_BYTES = 2 * 1_048_576;

export interface ImageWork {
  readonly quality: ImageQuality;
  /** Size of the image as it came in, still encoded. */
  readonly encodedBytes: number;
  /** Measured, not planned; fractions of a millisecond count. */
  readonly processingMs: number;
  /** When the work was done; decides which price counts. Now, when absent. */
  readonly at?: Date;
}

/**
 * What the image would cost in the reference deployment, with its arithmetic:
 * `modelUsd * qualityMultiplier * sizeMultiplier + computeUsd = totalUsd`, where the product and `computeUsd` are each rounded half up
 * to a picodollar, once per image. Sums of many images are therefore exact (`sumUsd`).
 */
export interface ImageCost {
  /** Nobody has been billed this. */
  readonly kind: 'estimate';
  readonly modelUsd: number;
  readonly computeUsd: number;
  readonly qualityMultiplier: number;
  readonly sizeMultiplier: number;
  readonly totalUsd: number;
}

/** Throws `RangeError` for a size or a time that no image can have. */
export function imageCost({ quality, encodedBytes, processingMs, at = new Date() }: ImageWork): ImageCost {
  if (!Number.isSafeInteger(encodedBytes) || encodedBytes < 0) {
    throw new RangeError(`encodedBytes is ${encodedBytes}; it has to be a whole number of bytes`);
  }
  if (!Number.isFinite(processingMs) || processingMs < 0) {
    throw new RangeError(`processingMs is ${processingMs}; it has to be a finite number of milliseconds`);
  }
  const qualityMultiplier = QUALITY_MULTIPLIERS[quality];
  // Division by a power of two is exact in a double, so the multiplier shown is the multiplier used.
  const sizeMultiplier = Math.max(1, encodedBytes / INCLUDED_BYTES);

  const model = modelPicodollars(priceOn(MODEL_PRICES, at));
  const compute = computePicodollars(priceOn(COMPUTE_PRICES, at), processingMs);
  const size: Rational =
    sizeMultiplier === 1
      ? { numerator: 1n, denominator: 1n }
      : { numerator: BigInt(encodedBytes), denominator: BigInt(INCLUDED_BYTES) };
  const scaledModel = roundHalfUp(product(model, parseDecimal(qualityMultiplier), size));

  return {
    kind: 'estimate',
    modelUsd: toUsd(roundHalfUp(model)),
    computeUsd: toUsd(compute),
    qualityMultiplier,
    sizeMultiplier,
    totalUsd: toUsd(scaledModel + compute),
  };
}

function modelPicodollars(price: ModelPrice): Rational {
  const input = perUnit(price.usdPer1kInputTokens, { numerator: INPUT_TOKENS, denominator: 1000n });
  const output = perUnit(price.usdPer1kOutputTokens, { numerator: OUTPUT_TOKENS, denominator: 1000n });
  return {
    numerator: input.numerator * output.denominator + output.numerator * input.denominator,
    denominator: input.denominator * output.denominator,
  };
}

function computePicodollars(price: ComputePrice, processingMs: number): bigint {
  const seconds = product(parseDecimal(processingMs), { numerator: 1n, denominator: 1000n });
  return roundHalfUp(perUnit(price.usdPerGbSecond, product(MEMORY_GB, seconds)));
}

function perUnit(usd: DecimalInput, units: Rational): Rational {
  return product(parseDecimal(usd), units, { numerator: PICODOLLARS_PER_USD, denominator: 1n });
}

function product(...factors: readonly Rational[]): Rational {
  return factors.reduce((left, right) => ({
    numerator: left.numerator * right.numerator,
    denominator: left.denominator * right.denominator,
  }));
}
