import { isBucket, type Tally } from './tally.ts';

/**
 * The value below which a share `q` of the observations lies, as fine as their buckets: within a bucket observations are
 * taken for evenly spread, from zero in the first one (where its bound is above zero); beyond the highest bound nothing
 * is known, and that bound is the answer. Null without observations or without bounds.
 *
 * Each tally has bounds of its own; with several, each counts at every bound of the others by the same spreading.
 */
export function bucketQuantile(q: number, tallies: readonly Readonly<Tally>[]): number | null {
  const parts = tallies.map(toSteps).filter(({ total }) => total > 0);
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const bounds = [...new Set(parts.flatMap((part) => part.bounds))].sort((a, b) => a - b);
  const [first] = bounds;
  if (first === undefined || total === 0) return null;

  const rank = q * total;
  let lower = Math.min(0, first);
  let below = 0;
  for (const bound of bounds) {
    const upTo = parts.reduce((sum, part) => sum + countUpTo(part, bound), 0);
    if (upTo >= rank && upTo > below) return lower + (bound - lower) * Math.max(0, (rank - below) / (upTo - below));
    lower = bound;
    below = upTo;
  }
  return lower;
}

interface Steps {
  readonly bounds: readonly number[];
  /** Observations up to each bound. */
  readonly counts: readonly number[];
  readonly total: number;
}

function toSteps(tally: Readonly<Tally>): Steps {
  const finite = Object.keys(tally)
    .filter((field) => isBucket(field) && field !== '+Inf')
    .sort((a, b) => Number(a) - Number(b));
  return {
    bounds: finite.map(Number),
    counts: finite.map((field) => tally[field] ?? 0),
    total: tally.count ?? 0,
  };
}

function countUpTo({ bounds, counts }: Steps, value: number): number {
  const index = bounds.findIndex((bound) => bound >= value);
  if (index === -1) return counts.at(-1) ?? 0;
  const bound = bounds[index] ?? value;
  const count = counts[index] ?? 0;
  if (bound === value) return count;
  const lower = index === 0 ? Math.min(0, bound) : (bounds[index - 1] ?? 0);
  const before = index === 0 ? 0 : (counts[index - 1] ?? 0);
  if (value <= lower) return 0;
  return before + ((count - before) * (value - lower)) / (bound - lower);
}
