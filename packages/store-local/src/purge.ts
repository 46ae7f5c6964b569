import type { SqliteRow, SqliteValue, Statement } from '@tracepost/sqlite';
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
    metric_points: (nowMs) => purgePoints(database, nowMs - keep.metricDays * DAY_MS),
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

/** Only what the hours hold already: a roll-up that is behind loses nothing, nor one that has late points to put to the others. */
async function purgePoints(database: Database, beforeMs: number): Promise<number> {
  const [rolled] = await database.read('read_through', HOURS_HELD, []);
  const heldMs = Number(rolled?.held ?? 0) * HOUR_MS;
  const beforeNs = BigInt(Math.min(beforeMs, heldMs)) * 1_000_000n;
  return forEachSeries(database, 'metric_points', 'time_ns', beforeNs);
}

const HOURS_HELD = `SELECT min(through, coalesce((SELECT min(hour) FROM metric_late), through)) AS held
  FROM metric_rolled WHERE id = 1`;

async function purgeHours(database: Database, beforeMs: number): Promise<number> {
  const hours = await forEachSeries(database, 'metric_hours', 'hour', Math.floor(beforeMs / HOUR_MS));
  if (hours > 0) return hours;
  return database.change('purge_catalog', [
    { sql: 'DELETE FROM metric_catalog WHERE day < ?', params: [beforeMs - DAY_MS] },
  ]);
}

/** Both tables are ordered by series and time: the oldest of each series is found without reading the rest. */
async function forEachSeries(database: Database, table: string, time: string, before: SqliteValue): Promise<number> {
  const sql = `SELECT id FROM series WHERE EXISTS (SELECT 1 FROM ${table} WHERE series = series.id AND ${time} < ?) LIMIT 500`;
  const found: SqliteRow[] = await database.read(`read_old_${table}`, sql, [before]);
  const statement: Statement = {
    sql: `DELETE FROM ${table} WHERE series = ?1 AND ${time} IN
      (SELECT ${time} FROM ${table} WHERE series = ?1 AND ${time} < ?2 ORDER BY ${time} LIMIT ?3)`,
    batch: found.map(({ id }) => [id ?? null, before, Math.ceil(PORTION / Math.max(1, found.length))]),
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
