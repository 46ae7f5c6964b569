import type { SqliteRow } from '@tracepost/sqlite';
import {
  DELTA_TAG,
  type Growth,
  growthOf,
  HOUR_MS,
  isAskedFor,
  LOOK_BACK_NS,
  type MetricDescription,
  type MetricQuestion,
  QUESTION_LIMITS,
  type ReadingBudget,
  type ReadingPlan,
  type ReadStretch,
  SERVICE_KEY,
  type SeriesPoint,
  tooManySeries,
} from '@tracepost/stores';
import { jsonOf, nanosOf, textOf } from './columns.ts';
import type { Database } from './database.ts';

export interface StoredSeries {
  readonly id: bigint;
  /** With `service.name`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Rows of one answer of SQLite: enough to be quick, few enough that nobody waits for them to be read and parsed. */
const PAGE_ROWS = 2_000;
const NS = 1_000_000n;

/** Their ids are hashes: negative as often as not. */
export const BEFORE_ALL_SERIES: bigint = -(2n ** 63n);
/** Both tables are ordered by series and time: whether one has anything in a stretch is a step into each. */
export const SERIES_OF_METRIC = `SELECT id, service, tags,
    EXISTS (SELECT 1 FROM metric_points WHERE series = one.id AND time_ns >= ?3 AND time_ns < ?4)
    OR EXISTS (SELECT 1 FROM metric_hours WHERE series = one.id AND hour >= ?5 AND hour < ?6) AS is_there
  FROM series AS one WHERE name = ?1 AND id > ?2 ORDER BY id LIMIT ${PAGE_ROWS}`;
export const NEWEST_BEFORE = `SELECT time_ns, fields FROM metric_points
  WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC LIMIT 1`;
export const POINTS_OF_SERIES = `SELECT time_ns, fields FROM metric_points
  WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns LIMIT ${PAGE_ROWS}`;

export interface SeriesQuestion extends Pick<MetricQuestion, 'name' | 'where' | 'signal'> {
  readonly plan: ReadingPlan;
  readonly limit?: number;
}

/**
 * The series that are asked for and have something to be read in the plan: of those that once were there may be any number. Throws
 * `QueryTooLargeError` when they are more than a question reads.
 */
export async function readSeries(database: Database, question: SeriesQuestion): Promise<StoredSeries[]> {
  const { name, plan, signal, limit = QUESTION_LIMITS.seriesRead } = question;
  const points = around(plan.points);
  const hours = around(plan.hours);
  const stretches = [
    BigInt(points.fromMs) * NS,
    BigInt(points.toMs) * NS,
    hours.fromMs / HOUR_MS,
    hours.toMs / HOUR_MS,
  ];
  const found: StoredSeries[] = [];
  for (let after = BEFORE_ALL_SERIES; ; ) {
    signal?.throwIfAborted();
    const rows = await database.read('read_series', SERIES_OF_METRIC, [name, after, ...stretches]);
    for (const row of rows) {
      after = nanosOf(row, 'id');
      const attributes = row.is_there === 1 ? attributesOf(row) : null;
      if (attributes && isAskedFor(question, attributes)) found.push({ id: after, attributes });
    }
    if (found.length > limit) throw tooManySeries();
    if (rows.length < PAGE_ROWS) return found;
  }
}

/** Stretches lie in the order of time; of none: one in which nothing lies. */
function around(stretches: readonly ReadStretch[]): ReadStretch {
  return { fromMs: stretches[0]?.fromMs ?? 0, toMs: stretches.at(-1)?.toMs ?? 0 };
}

function attributesOf(row: SqliteRow): Readonly<Record<string, string>> {
  return { ...jsonOf<Record<string, string>>(row, 'tags'), [SERVICE_KEY]: textOf(row, 'service') };
}

export async function describeMetric(database: Database, name: string): Promise<MetricDescription | null> {
  const sql = `SELECT name, kind, unit, description FROM metric_catalog WHERE name = ? AND key = '' ORDER BY day DESC LIMIT 1`;
  const [row] = await database.read('describe_metric', sql, [name]);
  return row ? toDescription(row) : null;
}

export function toDescription(row: SqliteRow): MetricDescription {
  return {
    name: textOf(row, 'name'),
    kind: textOf(row, 'kind') as MetricDescription['kind'],
    unit: textOf(row, 'unit'),
    description: textOf(row, 'description'),
  };
}

/** Gives what each point of a stretch adds to its series, in the order of time, a page after the other. */
export async function readGrowth(
  database: Database,
  {
    series,
    stretch,
    budget,
  }: { readonly series: StoredSeries; readonly stretch: ReadStretch; readonly budget: ReadingBudget },
  take: (atMs: number, growth: Growth) => void,
): Promise<void> {
  const isDelta = series.attributes[DELTA_TAG] === 'delta';
  const end = BigInt(stretch.toMs) * NS;
  let from = BigInt(stretch.fromMs) * NS;
  const before = await database.read('read_points', NEWEST_BEFORE, [series.id, from - LOOK_BACK_NS, from]);
  let previous: SeriesPoint | null = before[0] ? toSeriesPoint(before[0]) : null;
  for (;;) {
    const rows = await database.read('read_points', POINTS_OF_SERIES, [series.id, from, end]);
    for (const row of rows) {
      const point = toSeriesPoint(row);
      budget.spend(Object.keys(point.fields).length);
      const growth = growthOf(point, previous, isDelta);
      if (growth) take(Number(point.timeUnixNano / NS), growth);
      previous = point;
    }
    if (rows.length < PAGE_ROWS || !previous) return;
    from = previous.timeUnixNano + 1n;
  }
}

function toSeriesPoint(row: SqliteRow): SeriesPoint {
  return { timeUnixNano: nanosOf(row, 'time_ns'), fields: jsonOf(row, 'fields') };
}
