/** Sums of doubles carry dust far behind the picodollar; null for what is no amount. */
export function usdOf(value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 1e9) return null;
  return value.toFixed(12).replace(/\.?0+$/, '');
}
