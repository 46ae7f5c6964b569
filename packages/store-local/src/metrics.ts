import type { Refusal } from '@tracepost/contracts';
import type { SqliteRow, SqliteValue } from '@tracepost/sqlite';
import {
  type CatalogEntry,
  createCatalogNews,
  createFailedMetrics,
  createLateBound,
  createMetricLayout,
  isoFromNanos,
  type LaidPoint,
  MAX_POINTS,
  type MetricPoint,
  type MetricStore,
  nanosFromDate,
} from '@tracepost/stores';
import { jsonOf, nanosOf, textOf } from './columns.ts';
import type { Database } from './database.ts';
import { hashId } from './hash-id.ts';
import { queryMetric, readCatalog } from './metric-questions.ts';
import { rollUp } from './metric-roll-up.ts';

const INSERT_SERIES = 'INSERT OR IGNORE INTO series (id, name, service, tags) VALUES (?, ?, ?, ?)';
// The last value written for one instant stands, as in InfluxDB.
const INSERT_POINT = `INSERT INTO metric_points (series, time_ns, fields) VALUES (?, ?, ?)
  ON CONFLICT (series, time_ns) DO UPDATE SET fields = excluded.fields`;
const INSERT_CATALOG = `INSERT INTO metric_catalog (name, day, key, kind, unit, description) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (name, day, key) DO UPDATE SET kind = excluded.kind, unit = excluded.unit, description = excluded.description`;
// Before the points themselves: one that is there already is not late. It changes its own hour and that of the next point.
const HOUR_NS = 3_600_000_000_000;
const MARK = 'ON CONFLICT (name, hour) DO UPDATE SET marks = marks + 1';
const MARK_HOUR = `INSERT INTO metric_late (name, hour, marks) SELECT ?1, ?3 / ${HOUR_NS}, 1
  WHERE NOT EXISTS (SELECT 1 FROM metric_points WHERE series = ?2 AND time_ns = ?3 AND fields = ?4) ${MARK}`;
const MARK_NEXT = `INSERT INTO metric_late (name, hour, marks)
  SELECT ?1, (SELECT time_ns FROM metric_points WHERE series = ?2 AND time_ns > ?3 ORDER BY time_ns LIMIT 1) / ${HOUR_NS}, 1
  WHERE EXISTS (SELECT 1 FROM metric_points WHERE series = ?2 AND time_ns > ?3)
    AND NOT EXISTS (SELECT 1 FROM metric_points WHERE series = ?2 AND time_ns = ?3 AND fields = ?4) ${MARK}`;
export const SELECT = `SELECT time_ns, fields, service, tags FROM metric_points JOIN series ON series.id = series
  WHERE name = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC LIMIT ?`;

export interface LocalMetricsOptions {
  /** Points that are older when they come are refused; all are taken when it is not given. */
  readonly metricDays?: number | undefined;
  readonly now?: () => number;
}

const DAY_MS = 86_400_000;

export function createLocalMetrics(
  database: Database,
  { metricDays, now = Date.now }: LocalMetricsOptions = {},
): MetricStore {
  const layout = createMetricLayout();
  const news = createCatalogNews();
  const bound = createLateBound(now);
  const failures = createFailedMetrics(now);
  return {
    async writeMetrics(all) {
      const oldestNs = metricDays === undefined ? 0n : BigInt(now() - metricDays * DAY_MS) * 1_000_000n;
      const signals = all.filter(({ timeUnixNano }) => timeUnixNano >= oldestNs);
      const laid = layout.layOut(signals);
      const { points, remember } = laid;
      const count = all.length - signals.length;
      const refused: readonly Refusal[] =
        count === 0 ? laid.refused : [...laid.refused, { signal: 'metrics', reason: 'outside_retention', count }];
      const series = new Map<bigint, readonly SqliteValue[]>();
      const batch = points.map((point) => {
        const row = seriesOf(point);
        series.set(row[0], row);
        return [row[0], point.timeUnixNano, JSON.stringify(point.fields)];
      });
      const catalog = news.collect(signals, points);
      const boundNs = BigInt(bound.ms) * 1_000_000n;
      const late = points.flatMap((point, index) =>
        point.timeUnixNano < boundNs ? [[point.name, ...(batch[index] ?? [])]] : [],
      );
      const answer = await database.write({
        signal: 'metrics',
        statements: [
          { sql: INSERT_CATALOG, batch: catalog.entries.map(toCatalogRow) },
          { sql: MARK_HOUR, batch: late },
          { sql: MARK_NEXT, batch: late },
          { sql: INSERT_SERIES, batch: [...series.values()] },
          { sql: INSERT_POINT, batch },
        ],
        count: all.length - refused.reduce((sum, one) => sum + one.count, 0),
        refused,
      });
      if (answer.status === 'taken') {
        remember();
        catalog.remember();
      }
      return answer;
    },
    async readPoints({ name, from, to, limit }) {
      const params = [name, nanosFromDate(from), nanosFromDate(to), Math.min(limit, MAX_POINTS)];
      // Health is told from the newest points of a few metrics, every few seconds.
      return (await database.look('read_points', SELECT, params)).map(toPoint);
    },
    queryMetric: (question) => queryMetric(database, question),
    catalog: (from, to) => readCatalog(database, from, to),
    rollUp: (through, signal) => rollUp({ database, bound, failures, through, signal }),
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

function toCatalogRow(entry: CatalogEntry): SqliteValue[] {
  if (entry.entry === 'attribute') return [entry.name, entry.dayMs, entry.key, null, null, null];
  return [entry.name, entry.dayMs, '', entry.kind, entry.unit, entry.description];
}

function seriesOf({ name, service, tags }: LaidPoint): [bigint, string, string, string] {
  const text = JSON.stringify(tags);
  return [hashId(JSON.stringify([name, service, text])), name, service, text];
}

function toPoint(row: SqliteRow): MetricPoint {
  return {
    at: isoFromNanos(nanosOf(row, 'time_ns')),
    service: textOf(row, 'service'),
    attributes: jsonOf(row, 'tags'),
    fields: jsonOf(row, 'fields'),
  };
}
