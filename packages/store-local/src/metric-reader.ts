import type { SqliteRow } from '@tracepost/sqlite';
import {
  DELTA_TAG,
  type Growth,
  growthOf,
  LOOK_BACK_NS,
  type MetricDescription,
  QUESTION_LIMITS,
  QueryTooLargeError,
  type ReadingBudget,
  type ReadStretch,
  SERVICE_KEY,
  type SeriesPoint,
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

export const SERIES_OF_METRIC = 'SELECT id, service, tags FROM series WHERE name = ? LIMIT ?';
export const NEWEST_BEFORE = `SELECT time_ns, fields FROM metric_points
  WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC LIMIT 1`;
export const POINTS_OF_SERIES = `SELECT time_ns, fields FROM metric_points
  WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns LIMIT ${PAGE_ROWS}`;

/** Throws `QueryTooLargeError` when the metric has more series than a question reads. */
export async function readSeries(
  database: Database,
  name: string,
  limit: number = QUESTION_LIMITS.seriesRead,
): Promise<StoredSeries[]> {
  const rows = await database.read('read_series', SERIES_OF_METRIC, [name, limit + 1]);
  if (rows.length > limit) throw new QueryTooLargeError(`The metric has more than ${limit} series.`);
  return rows.map((row) => ({
    id: nanosOf(row, 'id'),
    attributes: { ...jsonOf<Record<string, string>>(row, 'tags'), [SERVICE_KEY]: textOf(row, 'service') },
  }));
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
