import type {
  LogLevel,
  LogSignal,
  LogView,
  MetricSignal,
  SinkAnswer,
  SpanSignal,
  SpanView,
} from '@tracepost/contracts';

/**
 * Writers answer like a sink: `taken` (stored, but for what is counted in `refused`), or `later` when nothing was
 * stored and a retry can help. Writing a batch twice changes nothing.
 */
export interface TraceWriter {
  writeSpans(spans: readonly SpanSignal[]): Promise<SinkAnswer>;
}

export interface TraceReader {
  /** Spans of a trace by start time; none when it is unknown. Rejects when the store cannot answer. */
  getTrace(traceId: string): Promise<SpanView[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface LogQuery {
  readonly traceId?: string;
  readonly taskId?: string;
  readonly service?: string;
  /** This level and above. */
  readonly level?: LogLevel;
  /** Substring of the message, case-insensitive. */
  readonly text?: string;
  readonly from: Date;
  readonly to: Date;
  readonly limit: number;
}

export interface LogStore {
  writeLogs(logs: readonly LogSignal[]): Promise<SinkAnswer>;
  /** By time, oldest first when a trace or task is asked for, else newest first. */
  queryLogs(query: LogQuery): Promise<LogView[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface MetricPointQuery {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
  readonly limit: number;
}

/**
 * One stored point, in the layout of the collector's `telegraf-prometheus-v1`: a monotonic cumulative sum has the field `counter`,
 * other sums and gauges `gauge`, a histogram `count`, `sum`, `min`, `max` and cumulative counts by upper bound
 * (`0.005`, …, `+Inf`).
 */
export interface MetricPoint {
  readonly at: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
}

export interface MetricStore {
  writeMetrics(points: readonly MetricSignal[]): Promise<SinkAnswer>;
  /** Points of one metric, newest first. */
  readPoints(query: MetricPointQuery): Promise<MetricPoint[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
