import type { SqliteRow, Statement } from '@tracepost/sqlite';
import { nanosOf } from './columns.ts';
import type { Database } from './database.ts';
import { BEFORE_ALL_SERIES } from './metric-reader.ts';

/** Days that things are kept: spans and lines since they came, points and hours by their own time. */
export interface Keep {
  readonly spanDays: number;
  readonly logDays: number;
  readonly metricDays: number;
  readonly metricHourDays: number;
}

/** Each forgets a portion of what is too old, and says how many rows that was; 0: nothing is left to forget. */
export type Purges = Readonly<
  Record<'spans' | 'logs' | 'metric_points' | 'metric_hours' | 'metric_series', (nowMs: number) => Promise<number>>
>;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** So many at a time: a purge never holds up the writes for long. */
const PORTION = 5_000;

export function createPurges(database: Database, keep: Keep): Purges {
  return {
    spans: (nowMs) => purgeArrived(database, 'spans', nowMs, keep.spanDays * DAY_MS),
    logs: (nowMs) => purgeArrived(database, 'logs', nowMs, keep.logDays * DAY_MS),
    metric_points: (nowMs) => purgePoints(database, nowMs, keep.metricDays * DAY_MS),
    metric_hours: (nowMs) => purgeHours(database, nowMs - keep.metricHourDays * DAY_MS),
    // Behind the two that may have emptied them.
    metric_series: () => purgeSeries(database),
  };
}

/**
 * Rows carry the time of what they tell, which may be long ago when somebody brings old traces. When they came is known by
 * marks: every hour the highest id, which grows with each row. Whatever lies below a mark that is old enough is as old.
 */
async function purgeArrived(
  database: Database,
  table: 'spans' | 'logs',
  nowMs: number,
  olderThanMs: number,
): Promise<number> {
  const highest = `(SELECT coalesce(max(id), 0) FROM ${table})`;
  await database.change(`mark_${table}`, [
    // An emptied table begins again at 1: marks of before would stand above what comes now.
    { sql: `DELETE FROM arrivals WHERE kind = ? AND last_id > ${highest}`, params: [table] },
    {
      sql: `INSERT INTO arrivals (kind, at_ms, last_id) SELECT ?1, ?2, ${highest}
        WHERE NOT EXISTS (SELECT 1 FROM arrivals WHERE kind = ?1 AND at_ms > ?2 - ${HOUR_MS})`,
      params: [table, nowMs],
    },
  ]);
  const before = `(SELECT max(last_id) FROM arrivals WHERE kind = ? AND at_ms <= ?)`;
  const params = [table, nowMs - olderThanMs];
  const purged = await database.change(`purge_${table}`, [
    {
      sql: `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE id <= ${before} ORDER BY id LIMIT ${PORTION})`,
      params,
    },
  ]);
  // The newest of the old marks stays as long as there is something below it.
  if (purged === 0)
    await database.change(`purge_${table}`, [{ sql: 'DELETE FROM arrivals WHERE kind = ? AND at_ms <= ?', params }]);
  return purged;
}

/**
 * Only what the hours hold already: a roll-up that is behind loses nothing, nor a metric that has late points to put to the others. One whose
 * hours cannot be put together at all keeps its points twice as long, and no other keeps its own for that.
 */
async function purgePoints(database: Database, nowMs: number, olderThanMs: number): Promise<number> {
  const [rolled] = await database.read('read_through', 'SELECT through FROM metric_rolled WHERE id = 1', []);
  const heldMs = Number(rolled?.through ?? 0) * HOUR_MS;
  const nanosecondsOf = (ms: number) => BigInt(Math.min(ms, heldMs)) * 1_000_000n;
  const bounds = [nanosecondsOf(nowMs - olderThanMs), nanosecondsOf(nowMs - 2 * olderThanMs)];
  const found = await database.read('read_old_metric_points', OLD_POINTS, bounds);
  return purgeOfSeries(database, 'metric_points', 'time_ns', found);
}

const SERIES_AT_ONCE = 500;
const LATE_FROM = '(SELECT min(hour) FROM metric_late WHERE name = series.name) * 3600000000000';
/** Of each series with points that are too old, from when on they stay. */
export const OLD_POINTS = `SELECT id, before FROM
    (SELECT id, max(?2, min(?1, coalesce(${LATE_FROM}, ?1))) AS before FROM series) AS bounds
  WHERE EXISTS (SELECT 1 FROM metric_points WHERE series = bounds.id AND time_ns < bounds.before) LIMIT ${SERIES_AT_ONCE}`;
const OLD_HOURS = `SELECT id, ?1 AS before FROM series
  WHERE EXISTS (SELECT 1 FROM metric_hours WHERE series = series.id AND hour < ?1) LIMIT ${SERIES_AT_ONCE}`;

async function purgeHours(database: Database, beforeMs: number): Promise<number> {
  const found = await database.read('read_old_metric_hours', OLD_HOURS, [Math.floor(beforeMs / HOUR_MS)]);
  const hours = await purgeOfSeries(database, 'metric_hours', 'hour', found);
  if (hours > 0) return hours;
  return database.change('purge_catalog', [
    { sql: 'DELETE FROM metric_catalog WHERE day < ?', params: [beforeMs - DAY_MS] },
  ]);
}

/** Both tables are ordered by series and time: the oldest of each series is found without reading the rest. */
async function purgeOfSeries(
  database: Database,
  table: 'metric_points' | 'metric_hours',
  time: string,
  found: readonly SqliteRow[],
): Promise<number> {
  const statement: Statement = {
    sql: `DELETE FROM ${table} WHERE series = ?1 AND ${time} IN
      (SELECT ${time} FROM ${table} WHERE series = ?1 AND ${time} < ?2 ORDER BY ${time} LIMIT ?3)`,
    batch: found.map(({ id, before }) => [id ?? null, before ?? null, Math.ceil(PORTION / Math.max(1, found.length))]),
  };
  return found.length === 0 ? 0 : database.change(`purge_${table}`, [statement]);
}

const IS_SILENT = `NOT EXISTS (SELECT 1 FROM metric_points WHERE series = series.id)
  AND NOT EXISTS (SELECT 1 FROM metric_hours WHERE series = series.id)`;
/** Looked for where reads are, so that it holds up no write, and a page at a time, so that no other read waits for long. */
const PAGE_OF_SERIES = `SELECT id, ${IS_SILENT} AS is_silent FROM series WHERE id > ? ORDER BY id LIMIT ${PORTION}`;
/** Asked again in the turn of the writes: a point may have come meanwhile, and each brings its series along. */
const DELETE_SERIES = `DELETE FROM series WHERE id = ? AND ${IS_SILENT}`;

/** Programs begin series with each of their starts. One of which neither points nor hours are kept any more goes after them. */
async function purgeSeries(database: Database): Promise<number> {
  for (let after = BEFORE_ALL_SERIES; ; ) {
    const page = await database.read('read_silent_series', PAGE_OF_SERIES, [after]);
    const silent = page.filter(({ is_silent }) => is_silent === 1);
    if (silent.length > 0)
      return database.change('purge_series', [{ sql: DELETE_SERIES, batch: silent.map(({ id }) => [id ?? null]) }]);
    const last = page.at(-1);
    if (!last || page.length < PORTION) return 0;
    after = nanosOf(last, 'id');
  }
}
