/** A fraction of whole numbers; `denominator` is positive. Nothing is lost until it is rounded. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A price as it stands in a price list (`"0.00008"`), or a measured number. */
export type DecimalInput = string | number;

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/**
 * The exact value of what a person reads. A number counts as its shortest decimal form (0.1 is a tenth, not the binary
 * fraction next to it), so a result can be checked with a pocket calculator. Throws `RangeError` on anything else.
 */
export function parseDecimal(input: DecimalInput): Rational {
  const match = DECIMAL.exec(String(input));
  if (!match) throw new RangeError(`"${input}" is not a decimal number`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(sign + whole + fraction);
  const scale = fraction.length - Number(exponent);
  // The range of a double, and of any price: a text such as "1e999999999" would fill the memory with zeros.
  if (Math.abs(scale) > 400) throw new RangeError(`"${input}" is out of range`);
  return scale >= 0
    ? { numerator: digits, denominator: 10n ** BigInt(scale) }
    : { numerator: digits * 10n ** BigInt(-scale), denominator: 1n };
}

/** The nearest whole number; a half goes up (towards positive infinity). */
export function roundHalfUp({ numerator, denominator }: Rational): bigint {
  return floorDivide(2n * numerator + denominator, 2n * denominator);
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
