import { createHash } from 'node:crypto';
import type { Tally } from './tally.ts';

/** A stored point of one series. */
export interface SeriesPoint {
  readonly timeUnixNano: bigint;
  readonly fields: Readonly<Record<string, number>>;
}

/** What one point adds. Tallies of different shapes are never added: bounds of different histograms do not fit. */
export interface Growth {
  /** `counter`, `gauge`, `histogram:…` or `delta:…`, the last two with a mark of their bounds. */
  readonly shape: string;
  readonly tally: Tally;
}

export const DELTA_TAG = 'otel.metric.temporality';

/** Beginnings of series are laid out as long as they are not older, so that whoever looks back so far finds them. */
export const LOOK_BACK_NS: bigint = 24n * 3600n * 1_000_000_000n;

/**
 * What a point adds to its series, given the newest one before it. Cumulative points say what a process has counted since
 * its start, so what they add is the difference to the one before; one that is lower, or has other bounds, is of a process
 * that has started again, and adds all it says. One without another in the 24 hours before it adds nothing (null): nobody
 * knows how much of it is new. Points of gauges, and deltas, stand for themselves.
 *
 * The rule looks at two neighbours only. So the growths of a stretch are the same whichever stretch is asked for, and can be
 * put together by hours.
 */
export function growthOf(point: SeriesPoint, previous: SeriesPoint | null, isDelta: boolean): Growth | null {
  const { fields } = point;
  const known =
    previous !== null && point.timeUnixNano - previous.timeUnixNano <= LOOK_BACK_NS ? previous.fields : null;
  if (fields.gauge !== undefined) return gauge(fields.gauge);
  if (fields.counter !== undefined) return known ? counter(fields.counter, known.counter) : null;
  if (fields.count === undefined) return null;
  if (isDelta) return delta(fields);
  return known ? histogram(fields, known) : null;
}

function gauge(value: number): Growth {
  return { shape: 'gauge', tally: { count: 1, sum: value, min: value, max: value, bounded: 1 } };
}

function counter(value: number, before: number | undefined): Growth {
  if (before !== undefined && value >= before) return { shape: 'counter', tally: { count: 1, sum: value - before } };
  // The zero at which a restarted series begins is no sample of anybody.
  return { shape: 'counter', tally: { count: value === 0 ? 0 : 1, sum: value } };
}

function delta(fields: SeriesPoint['fields']): Growth {
  const { min, max, ...others } = fields;
  // No observation has no lowest one, and does not make that of others unknown.
  const isBounded = min !== undefined && max !== undefined;
  const bounded = isBounded || fields.count === 0 ? (fields.count ?? 0) : 0;
  const tally: Tally = { ...others, bounded };
  return { shape: `delta:${markOf(fields)}`, tally: isBounded && bounded > 0 ? { ...tally, min, max } : tally };
}

/** `min` and `max` of a cumulative histogram are those since its process started: they say nothing of a stretch of time. */
function histogram(fields: SeriesPoint['fields'], before: SeriesPoint['fields']): Growth {
  const mark = markOf(fields);
  const isRestarted = mark !== markOf(before) || hasFallen(fields, before);
  const tally: Tally = {};
  for (const field in fields) {
    if (field === 'min' || field === 'max') continue;
    tally[field] = (fields[field] as number) - (isRestarted ? 0 : (before[field] ?? 0));
  }
  return { shape: `histogram:${mark}`, tally };
}

/** The sum may fall, when what was observed is negative; counts never do. */
function hasFallen(fields: SeriesPoint['fields'], before: SeriesPoint['fields']): boolean {
  for (const field in fields) {
    if (field === 'sum' || field === 'min' || field === 'max') continue;
    if ((fields[field] as number) < (before[field] ?? 0)) return true;
  }
  return false;
}

const marks = new Map<string, string>();
const MAX_MARKS = 1_000;

/** Tells bounds apart; short, because a store may have it in each row. */
function markOf(fields: SeriesPoint['fields']): string {
  // As they come, since that is one way for nearly all points: sorting them for each point took longer than all the rest.
  const asTheyCome = Object.keys(fields).join(' ');
  let mark = marks.get(asTheyCome);
  if (mark === undefined) {
    const bounds = Object.keys(fields).filter((field) => field !== 'min' && field !== 'max');
    mark = createHash('sha1').update(bounds.sort().join(' ')).digest('hex').slice(0, 8);
    if (marks.size >= MAX_MARKS) marks.clear();
    marks.set(asTheyCome, mark);
  }
  return mark;
}
