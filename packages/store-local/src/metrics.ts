import type { SqliteRow, SqliteValue } from '@tracepost/sqlite';
import {
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

const INSERT_SERIES = 'INSERT OR IGNORE INTO series (id, name, service, tags) VALUES (?, ?, ?, ?)';
// The last value written for one instant stands, as in InfluxDB.
const INSERT_POINT = `INSERT INTO metric_points (series, time_ns, fields) VALUES (?, ?, ?)
  ON CONFLICT (series, time_ns) DO UPDATE SET fields = excluded.fields`;
export const SELECT = `SELECT time_ns, fields, service, tags FROM metric_points JOIN series ON series.id = series
  WHERE name = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC LIMIT ?`;

export function createLocalMetrics(database: Database): MetricStore {
  const layout = createMetricLayout();
  return {
    async writeMetrics(signals) {
      const { points, refused, remember } = layout.layOut(signals);
      const series = new Map<bigint, readonly SqliteValue[]>();
      const batch = points.map((point) => {
        const row = seriesOf(point);
        series.set(row[0], row);
        return [row[0], point.timeUnixNano, JSON.stringify(point.fields)];
      });
      const answer = await database.write({
        signal: 'metrics',
        statements: [
          { sql: INSERT_SERIES, batch: [...series.values()] },
          { sql: INSERT_POINT, batch },
        ],
        count: signals.length - refused.reduce((sum, { count }) => sum + count, 0),
        refused,
      });
      if (answer.status === 'taken') remember();
      return answer;
    },
    async readPoints({ name, from, to, limit }) {
      const params = [name, nanosFromDate(from), nanosFromDate(to), Math.min(limit, MAX_POINTS)];
      return (await database.read('read_points', SELECT, params)).map(toPoint);
    },
    ping: () => database.ping(),
    close: () => database.close(),
  };
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
