import { flux, fluxDateTime, Point, type Row } from '@influxdata/influxdb-client';
import {
  createMetricLayout,
  type LaidPoint,
  MAX_POINTS,
  type MetricPoint,
  type MetricPointQuery,
  type MetricStore,
} from '@tracepost/stores';
import type { RowQuery } from './query-rows.ts';
import type { LineWriter } from './write-lines.ts';

export interface InfluxStoreParts {
  readonly bucket: string;
  readonly writer: LineWriter;
  readonly query: (query: RowQuery) => Promise<Row[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const SERVICE = 'service.name';

/** Metrics in the layout `telegraf-prometheus-v1`. Tags are the point's attributes, service and instance. */
export function createInfluxMetrics({ bucket, writer, query, ping, close }: InfluxStoreParts): MetricStore {
  const layout = createMetricLayout();
  return {
    async writeMetrics(signals) {
      const { points, refused, remember } = layout.layOut(signals);
      const answer = await writer.write(points.map(toLine), refused);
      if (answer.status === 'taken') remember();
      return answer;
    },
    async readPoints(asked) {
      if (asked.from >= asked.to) return [];
      const limit = Math.min(asked.limit, MAX_POINTS);
      const rows = await query({ operation: 'read_points', flux: pointsFlux(bucket, asked, limit), maxRows: limit });
      return rows.map(toPoint);
    },
    ping,
    close,
  };
}

function toLine({ name, timeUnixNano, service, tags, fields }: LaidPoint): string {
  const point = new Point(name).timestamp(String(timeUnixNano)).tag(SERVICE, service);
  for (const key in tags) point.tag(key, tags[key] ?? '');
  for (const key in fields) point.floatField(key, fields[key]);
  return point.toLineProtocol() ?? '';
}

/** `tail` before `pivot`: each series gives its newest points only, however long the window is. */
function pointsFlux(bucket: string, { name, from, to }: MetricPointQuery, limit: number) {
  return flux`from(bucket: ${bucket})
  |> range(start: ${fluxDateTime(from.toISOString())}, stop: ${fluxDateTime(to.toISOString())})
  |> filter(fn: (r) => r._measurement == ${name})
  |> tail(n: ${limit})
  |> drop(columns: ["_start", "_stop", "_measurement"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> sort(columns: ["_time"], desc: true)
  |> limit(n: ${limit})`;
}

/** After the pivot tags are the columns of text, fields those of numbers; a cell is empty where a series has neither. */
function toPoint({ values, tableMeta }: Row): MetricPoint {
  const attributes: Record<string, string> = {};
  const fields: Record<string, number> = {};
  for (const { label, dataType, index } of tableMeta.columns) {
    const value = values[index];
    if (value === undefined || value === '' || label === 'result' || label === SERVICE) continue;
    if (dataType === 'string') attributes[label] = value;
    else if (dataType === 'double') fields[label] = Number(value);
  }
  return {
    at: new Date(tableMeta.get(values, '_time')).toISOString(),
    service: String(tableMeta.get(values, SERVICE)),
    attributes,
    fields,
  };
}
