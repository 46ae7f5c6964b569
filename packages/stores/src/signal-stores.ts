import type {
  LogLevel,
  LogSignal,
  LogView,
  MetricSignal,
  SinkAnswer,
  SpanSignal,
  SpanView,
} from '@tracepost/contracts';
import type { MetricAnswer, MetricCatalogItem, MetricQuestion } from './metrics/question.ts';

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
  readonly agentId?: string;
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

export interface RollUpReport {
  /** Hours that are new. */
  readonly hours: number;
  /** Hours of single metrics that were done again. */
  readonly late: number;
  /** Left out when there are none. Questions read their points instead; they are tried again, less often each time. */
  readonly failed?: readonly FailedRollUp[];
}

/** A metric whose hours could not be put together, though those of others were. */
export interface FailedRollUp {
  readonly name: string;
  readonly reason: string;
}

export interface MetricStore {
  writeMetrics(points: readonly MetricSignal[]): Promise<SinkAnswer>;
  /** Points of one metric, newest first. */
  readPoints(query: MetricPointQuery): Promise<MetricPoint[]>;
  /**
   * One number for each window of each series. What a point adds is decided by it and the point before it alone (`growthOf`),
   * before anything is grouped: of counters and histograms the growth since that point, exact over restarts and for
   * series that begin within the range; of gauges, and of what is told as deltas, the point itself. A point counts to the
   * window that it lies in. Empty windows are 0 for SUM, COUNT and RATE, null for the others.
   *
   * Whole hours are read as `rollUp` has put them together, wherever windows do not divide them. `refused`: metrics of this
   * kind cannot be asked for it. Rejects with `QueryTooLargeError` past `QUESTION_LIMITS`, otherwise with
   * `StoreUnavailableError`.
   */
  queryMetric(question: MetricQuestion): Promise<MetricAnswer>;
  /** Metrics that were written for a day (UTC) which the range touches, by name. */
  catalog(from: Date, to: Date): Promise<readonly MetricCatalogItem[]>;
  /**
   * Puts the points of each whole hour together, up to the last one that ends at `through` or before, and once more those that points
   * have come to since: questions about weeks read the hours. Can be ended at any moment and done again: the same points
   * give the same bytes. Nothing but points that come later can change what was put together, and those mark their hours, which
   * are read as points until they are done again. One at a time; to be called by the process that writes. Gives how many hours it did.
   */
  rollUp(through: Date, signal?: AbortSignal): Promise<RollUpReport>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
