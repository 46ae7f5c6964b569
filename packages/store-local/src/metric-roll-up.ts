import type { SqliteRow, SqliteValue, Statement } from '@tracepost/sqlite';
import {
  addTally,
  type FailedMetrics,
  type FailedRollUp,
  HOUR_MS,
  type LateBound,
  type ReadStretch,
  type RollUpReport,
  StoreUnavailableError,
  type Tally,
  UNLIMITED,
} from '@tracepost/stores';
import { RowError } from './columns.ts';
import type { Database } from './database.ts';
import { readGrowth, readSeries, type StoredSeries } from './metric-reader.ts';

export interface RollUpOptions {
  readonly database: Database;
  readonly bound: LateBound;
  readonly failures: FailedMetrics;
  readonly through: Date;
  readonly signal: AbortSignal | undefined;
}

/** Hours since the epoch: from the first to the first one after. */
interface Hours {
  readonly from: number;
  readonly to: number;
}

const DELETE_HOURS = 'DELETE FROM metric_hours WHERE series = ? AND hour >= ? AND hour < ?';
const INSERT_HOUR = 'INSERT INTO metric_hours (series, hour, shape, tally) VALUES (?, ?, ?, ?)';
const SET_THROUGH = `INSERT INTO metric_rolled (id, through) VALUES (1, ?)
  ON CONFLICT (id) DO UPDATE SET through = max(through, excluded.through)`;
const MARK = `INSERT INTO metric_late (name, hour, marks) VALUES (?, ?, 1)
  ON CONFLICT (name, hour) DO UPDATE SET marks = marks + 1`;
const UNMARK = 'DELETE FROM metric_late WHERE name = ? AND hour = ? AND marks = ?';
/** From each name to the next one, however many series lie between. */
const NAMES = `WITH RECURSIVE names (name) AS (
    SELECT min(name) FROM series
    UNION ALL SELECT (SELECT min(name) FROM series WHERE name > names.name) FROM names WHERE name IS NOT NULL
  ) SELECT name FROM names WHERE name IS NOT NULL`;
const FIRST_POINT = `SELECT min((SELECT time_ns FROM metric_points WHERE series = series.id ORDER BY time_ns LIMIT 1)) AS first
  FROM series`;

/**
 * `rollUp` of the port: new hours first, then those that points have come to since. A metric with a row that cannot be used keeps nobody from
 * the others: its hours are marked as those are that points have come to, and tried again later.
 */
export async function rollUp(options: RollUpOptions): Promise<RollUpReport> {
  const { database, bound, through } = options;
  const failed: FailedRollUp[] = [];
  const target = Math.floor(through.getTime() / HOUR_MS);
  const before = await readThrough(database);
  // From here on points of these hours are marked as late; those that are being written now are waited for.
  bound.raise(target * HOUR_MS);
  await write(database, [{ sql: 'DELETE FROM metric_rolled WHERE id = 0' }]);

  const hours = { from: before ?? (await firstHour(database)) ?? target, to: target };
  if (hours.from < hours.to) {
    const left: string[] = [];
    for (const name of await allNames(database))
      if (!(await tryMetric(options, { name, hours }, failed))) left.push(name);
    const marks = left.flatMap((name) => numbersOf(hours).map((hour) => [name, hour]));
    await write(database, [
      { sql: MARK, batch: marks },
      { sql: SET_THROUGH, params: [target] },
    ]);
  }
  const late = await rollLate(options, Math.max(target, before ?? 0), failed);
  const done = { hours: Math.max(0, hours.to - hours.from), late };
  return failed.length === 0 ? done : { ...done, failed };
}

/** Marks of neighbouring hours of a metric are taken together. */
async function rollLate(options: RollUpOptions, through: number, failed: FailedRollUp[]): Promise<number> {
  const sql = 'SELECT name, hour FROM metric_late WHERE hour < ? ORDER BY name, hour';
  const marks = await options.database.look('read_late', sql, [through]);
  let done = 0;
  for (let begin = 0; begin < marks.length; ) {
    const name = String(marks[begin]?.name);
    const from = Number(marks[begin]?.hour);
    let end = begin + 1;
    while (marks[end]?.name === name && marks[end]?.hour === from + (end - begin)) end++;
    const isDone = await tryMetric(options, { name, hours: { from, to: from + (end - begin) } }, failed);
    if (isDone) done += end - begin;
    begin = end;
  }
  return done;
}

interface MetricHours {
  readonly name: string;
  readonly hours: Hours;
}

/** False when its hours are not there, because it failed or has failed a short time ago. Rejects when the database itself cannot be used. */
async function tryMetric(
  { database, failures, signal }: RollUpOptions,
  { name, hours }: MetricHours,
  failed: FailedRollUp[],
): Promise<boolean> {
  if (failures.isWaiting(name)) return false;
  try {
    await rollMetric(database, name, hours, signal);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    failures.note(name);
    failed.push({ name, reason: error.message });
    return false;
  }
  failures.forget(name);
  return true;
}

async function rollMetric(
  database: Database,
  name: string,
  hours: Hours,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sql = 'SELECT hour, marks FROM metric_late WHERE name = ? AND hour >= ? AND hour < ?';
  // Read before the points: a mark that is set while they are read stays.
  const marks = await database.read('read_late', sql, [name, hours.from, hours.to]);
  // Whatever has no points in these hours has nothing to be put together, and what was put together of it stays.
  const plan = { hours: [], points: [stretchOf(hours)] };
  for (const series of await readSeries(database, { name, where: {}, plan, limit: ALL_SERIES })) {
    signal?.throwIfAborted();
    await rollSeries(database, series, hours);
  }
  if (marks.length === 0) return;
  const batch = marks.map((row): SqliteValue[] => [name, row.hour ?? null, row.marks ?? null]);
  await write(database, [{ sql: UNMARK, batch }]);
}

/** A series' hours are exchanged for new ones together or not at all. */
async function rollSeries(database: Database, series: StoredSeries, hours: Hours): Promise<void> {
  const tallies = new Map<string, { readonly hour: number; readonly shape: string; readonly tally: Tally }>();
  await readGrowth(database, { series, stretch: stretchOf(hours), budget: UNLIMITED }, (atMs, { shape, tally }) => {
    const hour = Math.floor(atMs / HOUR_MS);
    const key = `${hour} ${shape}`;
    const sums = tallies.get(key);
    if (sums) addTally(sums.tally, tally);
    else tallies.set(key, { hour, shape, tally: { ...tally } });
  });
  const batch = [...tallies.values()].map(({ hour, shape, tally }): SqliteValue[] => [
    series.id,
    hour,
    shape,
    JSON.stringify(tally),
  ]);
  await write(database, [
    { sql: DELETE_HOURS, params: [series.id, hours.from, hours.to] },
    { sql: INSERT_HOUR, batch },
  ]);
}

function numbersOf({ from, to }: Hours): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function stretchOf({ from, to }: Hours): ReadStretch {
  return { fromMs: from * HOUR_MS, toMs: to * HOUR_MS };
}

/** What was stored is put together, however much it is. */
const ALL_SERIES = Number.POSITIVE_INFINITY;

async function readThrough(database: Database): Promise<number | null> {
  const [row] = await database.look('read_rolled', 'SELECT through FROM metric_rolled', []);
  return row ? Number(row.through) : null;
}

/** The hour of the oldest point; null when there is none. */
async function firstHour(database: Database): Promise<number | null> {
  const [row] = await database.read('read_rolled', FIRST_POINT, []);
  const first = row?.first;
  return typeof first === 'bigint' || typeof first === 'number' ? Math.floor(Number(first) / (HOUR_MS * 1e6)) : null;
}

async function allNames(database: Database): Promise<string[]> {
  const rows = await database.read('read_series', NAMES, []);
  return rows.map((row: SqliteRow) => String(row.name));
}

async function write(database: Database, statements: readonly Statement[]): Promise<void> {
  const answer = await database.write({ signal: 'metrics', statements, count: 1, refused: [] });
  if (answer.status === 'later') throw new StoreUnavailableError('sqlite', answer.reason);
  if (answer.refused.length > 0) throw new RowError('SQLite refused what a roll-up writes');
}
