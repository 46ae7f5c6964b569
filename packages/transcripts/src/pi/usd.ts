import { costThatCannotBe, isUsd } from '../chat/usd-text.ts';
import type { LeaveOut } from '../format-reader.ts';

/** Sums of doubles carry dust far behind the picodollar; null where there is no amount, or one that cannot be, which `leaveOut` is told. */
export function usdOf(value: unknown, leaveOut: LeaveOut): string | null {
  if (value === undefined || value === null) return null;
  if (isUsd(value)) return value.toFixed(12).replace(/\.?0+$/, '');
  leaveOut(costThatCannotBe(value));
  return null;
}
