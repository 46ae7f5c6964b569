import type { ReadStretch } from '@tracepost/stores';

/** What one exchange with InfluxDB had to give. */
export interface SliceWork {
  /** Of all rows, empty ones too. */
  readonly cells: number;
  /** Of all series: each is given every tag that any series of the metric has. */
  readonly tags: number;
}

/** A slice of time should have so many cells: one with fewer is followed by a longer one, one with more by a shorter one. */
const CELLS = 500_000;
const MOST_TIMES_LONGER = 64;
const SHORTEST_MS = 60_000;

/** Reads a stretch in slices, one after the other, so that each exchange is over within its time. Lengths are whole times `unitMs`, at most `mostMs`. */
export async function inSlices(
  { fromMs, toMs }: ReadStretch,
  {
    firstMs,
    unitMs = SHORTEST_MS,
    mostMs = Number.POSITIVE_INFINITY,
  }: { readonly firstMs: number; readonly unitMs?: number; readonly mostMs?: number },
  read: (slice: ReadStretch) => Promise<SliceWork>,
): Promise<void> {
  let lengthMs = firstMs;
  for (let at = fromMs; at < toMs; ) {
    const slice = { fromMs: at, toMs: Math.min(at + lengthMs, toMs) };
    const wantedMs = Math.max(1, Math.round((lengthMs * timesLonger(await read(slice))) / unitMs)) * unitMs;
    lengthMs = Math.min(wantedMs, mostMs);
    at = slice.toMs;
  }
}

/** Tags are the same for a shorter slice, so they keep the next one from being longer, and never make it shorter. */
function timesLonger({ cells, tags }: SliceWork): number {
  const times = Math.min(CELLS / (cells + 1), MOST_TIMES_LONGER);
  return times <= 1 ? times : Math.max(1, Math.min(times, CELLS / (cells + tags + 1)));
}
