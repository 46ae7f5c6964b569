import { flux, fluxDateTime, Point, type Row } from '@influxdata/influxdb-client';
import type { MetricSignal, SinkAnswer } from '@tracepost/contracts';
import {
  createCatalogNews,
  createFailedMetrics,
  createLateBound,
  createMetricLayout,
  type LaidPoint,
  MAX_POINTS,
  type MetricPoint,
  type MetricPointQuery,
  type MetricStore,
} from '@tracepost/stores';
import { catalogLine, createLateMarks } from './metric-notes.ts';
import { queryMetric, readCatalog } from './metric-questions.ts';
import { rollUp } from './metric-roll-up.ts';
import type { RowQuery } from './query-rows.ts';
import type { SeriesStream } from './query-series.ts';
import type { LineWriter } from './write-lines.ts';

export interface InfluxStoreParts {
  readonly bucket: string;
  readonly writer: LineWriter;
  readonly query: (query: RowQuery) => Promise<Row[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const SERVICE = 'service.name';

export interface InfluxMetricParts extends InfluxStoreParts {
  /** Hours of metrics, and what is known about metrics: kept longer than points, so in a bucket of their own. */
  readonly rollUpsBucket: string;
  readonly rollUpsWriter: LineWriter;
  readonly series: SeriesStream;
  readonly now?: () => number;
}

/** Metrics in the layout `telegraf-prometheus-v1`. Tags are the point's attributes, service and instance. */
export function createInfluxMetrics(parts: InfluxMetricParts): MetricStore {
  const { bucket, writer, rollUpsWriter, query, now = Date.now, ping, close } = parts;
  const layout = createMetricLayout();
  const news = createCatalogNews();
  const bound = createLateBound(now);
  const marks = createLateMarks(rollUpsWriter);
  const failures = createFailedMetrics(now);
  const underWay = new Set<Promise<unknown>>();

  const write = async (signals: readonly MetricSignal[]): Promise<SinkAnswer> => {
    const { points, refused, remember } = layout.layOut(signals);
    const catalog = news.collect(signals, points);
    const noted = await rollUpsWriter.write(catalog.entries.map(catalogLine), []);
    if (noted.status === 'later') return noted;
    catalog.remember();
    const boundNs = BigInt(bound.ms) * 1_000_000n;
    const late = points.filter(({ timeUnixNano }) => timeUnixNano < boundNs);
    const answer = await marks.write(late, bound.ms, () => writer.write(points.map(toLine), refused));
    if (answer.status === 'taken') remember();
    return answer;
  };

  return {
    writeMetrics(signals) {
      const answer = write(signals).finally(() => underWay.delete(answer));
      underWay.add(answer);
      return answer;
    },
    async readPoints(asked) {
      if (asked.from >= asked.to) return [];
      const limit = Math.min(asked.limit, MAX_POINTS);
      const rows = await query({ operation: 'read_points', flux: pointsFlux(bucket, asked, limit), maxRows: limit });
      return rows.map(toPoint);
    },
    queryMetric: (question) => queryMetric(parts, question),
    catalog: (from, to) => readCatalog(parts, from, to),
    rollUp: (through, signal) =>
      rollUp({
        source: parts,
        writer: rollUpsWriter,
        marks,
        bound,
        failures,
        settled: () => Promise.allSettled([...underWay]),
        through,
        signal,
      }),
    ping,
    // A write is several requests, one after the other: those that have begun may go on.
    async close() {
      await Promise.allSettled([...underWay]);
      await close();
    },
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
