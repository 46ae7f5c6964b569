import type { Sketch } from '@tracepost/analysis';
import type { MetricKind } from '@tracepost/contracts';

/** What a metric's values of one stretch of time come to; all exact but for what the sketch answers. */
export interface SamplePoint {
  /** Beginning of the step, ISO 8601; of the whole range when there are no steps. */
  readonly at: string;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** The value with the latest time; of several at one time, the one with the highest event id. */
  readonly last: number;
  readonly sketch: Sketch;
}

export interface SampleSeries {
  /** Of the attributes that were grouped by, those that the series has. */
  readonly attributes: Readonly<Record<string, string>>;
  /** By time; steps without a value are left out. */
  readonly points: readonly SamplePoint[];
}

export interface SampleQuery {
  readonly name: string;
  /** Whole minutes: the one that `from` lies in and the one before `to` are counted whole; past 30 days whole hours. */
  readonly from: Date;
  readonly to: Date;
  /** Length of a step, counted from the epoch; null for one point over all. Minutes are not divided. */
  readonly everyMs: number | null;
  /** Attributes whose values are told apart; none: one series over all. */
  readonly groupBy: readonly string[];
  /** Values that attributes must have; an empty text: the attribute is not there. */
  readonly where: Readonly<Record<string, string>>;
}

export interface RecordedMetricInfo {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  /** Keys of the attributes that its series have. */
  readonly attributes: readonly string[];
}

/** The attribute, `true`, of the one series that holds what is beyond the limit of a metric. */
export const OVERFLOW_ATTRIBUTE = 'otel.metric.overflow';
/** Takes the values of metrics beyond the limit of names. */
export const OVERFLOW_METRIC = 'tracepost.overflow';
export const MAX_RECORDED_SERIES = 1_000;
export const MAX_RECORDED_METRICS = 2_000;

/**
 * The values that were recorded as metrics, by minute and series: what `EventStore.record` stored with their events. A metric has at
 * most `MAX_RECORDED_SERIES` series, and one more for what is beyond.
 */
export interface RecordedMetricStore {
  /** Rejects with `QueryTooLargeError` when too much would have to be read. */
  querySamples(query: SampleQuery): Promise<{ readonly series: readonly SampleSeries[] }>;
  /** By name. One that was recorded under several kinds or units stands there several times. */
  catalog(): Promise<readonly RecordedMetricInfo[]>;
  /** Puts the minutes of an hour together once they are 30 days old, some thousands at a time. Gives how many minutes went. */
  downsample(nowMs: number): Promise<number>;
  /** Forgets what is older (90 days when nothing is said), some thousands at a time. Gives how many points went. */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
}

/** The question would read more than an answer may cost: nothing was answered; ask for less time or fewer series. */
export class QueryTooLargeError extends Error {
  readonly code = 'stores/query-too-large';
  readonly isRetryable = false;
  override readonly name = 'QueryTooLargeError';
}
