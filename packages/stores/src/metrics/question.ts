import type { MetricAggregation, MetricKind } from '@tracepost/contracts';

/** What is asked of one metric. */
export interface MetricQuestion {
  readonly name: string;
  /** The first instant, and the first one after. */
  readonly from: Date;
  readonly to: Date;
  /** Length of a window; windows are counted from the epoch, so the first and the last may lie partly outside. Null: one window. */
  readonly everyMs: number | null;
  /** Attributes by whose values series are told apart; none: one series over all. `service.name` is one of them. */
  readonly groupBy: readonly string[];
  /** Values that attributes have to have; an empty text: the attribute is not there. */
  readonly where: Readonly<Record<string, string>>;
  /** Null: MEAN, or for a counter SUM. */
  readonly aggregation: MetricAggregation | null;
  /** Ends the reading; the question then rejects. */
  readonly signal?: AbortSignal;
}

export interface AnsweredSeries {
  /** Of the attributes that were grouped by, those that it has. */
  readonly attributes: Readonly<Record<string, string>>;
  /** One for each window, by time; `at` is the beginning of the window. */
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
}

export type MetricAnswer =
  | {
      readonly status: 'answered';
      /** Null when no such metric is known. */
      readonly kind: MetricKind | null;
      readonly unit: string;
      readonly aggregation: MetricAggregation;
      /** Percentiles of a histogram are as fine as its buckets. */
      readonly accuracy: 'buckets' | null;
      readonly sampleCount: number;
      readonly series: readonly AnsweredSeries[];
    }
  | {
      /** A metric of this kind cannot be asked for it. */
      readonly status: 'refused';
      readonly kind: MetricKind;
      readonly aggregation: MetricAggregation;
      readonly possible: readonly MetricAggregation[];
    };

/** What is known of a metric by its name: as it was last written. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly description: string;
}

export interface MetricCatalogItem extends MetricDescription {
  /** Keys of the attributes that its series had, sorted; `service.name` always. */
  readonly attributes: readonly string[];
}

/** The question would read or answer more than is good for the store: ask for less time, longer windows or fewer series. */
export const QUESTION_LIMITS = {
  /** Length of the range: as long as roll-ups are kept. */
  rangeMs: 400 * 86_400_000,
  /** Windows of one series. */
  windows: 11_000,
  /** Series of an answer. */
  series: 1_000,
  /** Values of an answer, over all series. */
  values: 100_000,
  /** Series that are read. */
  seriesRead: 20_000,
  /** Numbers that are read as they were written, a histogram having one for each of its fields. */
  valuesRead: 1_500_000,
} as const;
