import { parseDecimal, roundHalfUp } from './decimal.ts';

/**
 * Money inside: whole picodollars (10^-12 USD). One token of the cheapest model is tens of thousands of them, so prices per token
 * are whole numbers and sums never drift. Dollars as floating-point numbers appear only at the edge, in what people and JSON read.
 */
export type Picodollars = bigint;

export const PICODOLLARS_PER_USD = 1_000_000_000_000n;

/** The double nearest to the exact amount. Up to 1,000 USD `toPicodollars` gives back the very same amount. */
export function toUsd(amount: Picodollars): number {
  const whole = Number(amount);
  // The quotient of two whole numbers that doubles hold exactly is the nearest double to it.
  return Number.isSafeInteger(whole) ? whole / PER_USD : Number(`${amount}e-12`);
}

const PER_USD = Number(PICODOLLARS_PER_USD);
/** Up to here, 1,000 USD, no two amounts are the same double, and the shortest decimal of one is the amount itself. */
const TOLD_APART = 1e15;

/** Rounds half up to a whole picodollar. Throws `RangeError` for what is not a finite decimal number. */
export function toPicodollars(usd: string | number): Picodollars {
  if (typeof usd === 'number') {
    const near = exactly(usd);
    if (near !== null) return BigInt(near);
  }
  const { numerator, denominator } = parseDecimal(usd);
  return roundHalfUp({ numerator: numerator * PICODOLLARS_PER_USD, denominator });
}

/** Adds dollars without drift: each is taken back to picodollars first, so that a thousand images cost a thousand times one. */
export function sumUsd(amounts: Iterable<number>): number {
  let sum: Picodollars = 0n;
  // Whole picodollars that a double holds exactly are added as such.
  let few = 0;
  for (const amount of amounts) {
    const near = exactly(amount);
    if (near === null) sum += toPicodollars(amount);
    else few += near;
    if (Math.abs(few) > TOLD_APART) {
      sum += BigInt(few);
      few = 0;
    }
  }
  return toUsd(sum + BigInt(few));
}

/** In picodollars; null: it has to be worked out from its digits. */
function exactly(usd: number): number | null {
  const near = Math.round(usd * PER_USD);
  return Math.abs(near) <= TOLD_APART && near / PER_USD === usd ? near : null;
}
