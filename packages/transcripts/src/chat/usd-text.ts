import { isFields } from '../building/values.ts';
import type { LeaveOut } from '../format-reader.ts';

/** More than any session costs: what is above it is damage. */
const MOST_USD = 1_000_000;

export function isUsd(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST_USD;
}

/** A cost as decimal text, null where there is none. Throws `RangeError` for what cannot be one. */
export function usdText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (!isUsd(value)) {
    throw new RangeError(`the cost ${written(value)} is none: it has to be a number of US dollars`);
  }
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}

/**
 * What a program that asks by LiteLLM wrote down as the cost, as decimal text; null where it knew none, for which such programs write zero.
 * A cost that cannot be is left out, and `leaveOut` is told: what else stands there is true all the same.
 */
export function reportedUsd(value: unknown, leaveOut: LeaveOut): string | null {
  if (value === null || value === undefined || value === 0) return null;
  if (isUsd(value)) return usdText(value);
  leaveOut(costThatCannotBe(value));
  return null;
}

/** As short as a reason has to be. What lies in an object may be anything, also what makes it unfit to be put into words. */
function written(value: unknown): string {
  return (isFields(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)).slice(0, 40);
}

/** Why a cost was left out. */
export function costThatCannotBe(value: unknown): string {
  return `the cost ${written(value)} cannot be, and only it is left out: it has to be a number of US dollars`;
}
