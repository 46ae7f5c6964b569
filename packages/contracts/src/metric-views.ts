import Type, { type Static } from 'typebox';
import { IsoTime } from './patterns.ts';
import { METRIC_KINDS, type MetricKind } from './recording.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const METRIC_AGGREGATIONS = ['MEAN', 'SUM', 'MIN', 'MAX', 'COUNT', 'P50', 'P95', 'P99', 'RATE'] as const;
export type MetricAggregation = (typeof METRIC_AGGREGATIONS)[number];
export const MetricAggregation = Type.Unsafe<MetricAggregation>(
  Type.Union(METRIC_AGGREGATIONS.map((aggregation) => Type.Literal(aggregation))),
);

const Kind = Type.Unsafe<MetricKind>(Type.Union(METRIC_KINDS.map((kind) => Type.Literal(kind))));

/** Of percentiles: `buckets` are as fine as a histogram's buckets, `sketch` is within 0.8 %. */
export const METRIC_ACCURACIES = ['buckets', 'sketch'] as const;
export type MetricAccuracy = (typeof METRIC_ACCURACIES)[number];
const Accuracy = Type.Unsafe<MetricAccuracy>(Type.Union(METRIC_ACCURACIES.map((accuracy) => Type.Literal(accuracy))));

/** One of `GET /api/v1/metrics/catalog`. */
export const MetricCatalogEntry = Type.Object({
  name: Type.String(),
  kind: Kind,
  unit: Type.String(),
  description: Type.String(),
  /** Keys that its series can be told apart by. */
  attributes: Type.Array(Type.String()),
  /** `telemetry`: came in by OTLP; `recorded`: by `POST /api/v1/metrics`. */
  home: Type.Union([Type.Literal('telemetry'), Type.Literal('recorded')]),
});
export type MetricCatalogEntry = Static<typeof MetricCatalogEntry>;

export const MetricCatalog = Type.Object({ items: Type.Array(MetricCatalogEntry), nextCursor: Type.Null() });
export type MetricCatalog = Static<typeof MetricCatalog>;

/** One metric's value over a whole range, of `GET /api/v1/metrics`. */
export const MetricValue = Type.Object({
  /** Null when there is nothing to tell: no sample in the range. */
  value: nullable(Type.Number()),
  aggregation: MetricAggregation,
  /** Samples of a gauge or of recorded values, observations of a histogram, data points of a counter. */
  sampleCount: Type.Integer(),
  timeRange: Type.Object({ start: IsoTime, end: IsoTime }),
  accuracy: Type.Optional(Accuracy),
});
export type MetricValue = Static<typeof MetricValue>;

export const MetricValues = Type.Object({
  metrics: Type.Record(Type.String(), MetricValue),
  /** Of a question about all metrics those that cannot be answered, and why. Absent: there are none. */
  unanswered: Type.Optional(Type.Array(Type.Object({ name: Type.String(), detail: Type.String() }))),
});
export type MetricValues = Static<typeof MetricValues>;

/** `GET /api/v1/metrics/{name}`: points are beginnings of windows with their value. */
export const MetricSeriesAnswer = Type.Object({
  name: Type.String(),
  unit: Type.String(),
  aggregation: MetricAggregation,
  accuracy: Type.Optional(Accuracy),
  series: Type.Array(
    Type.Object({
      attributes: Type.Record(Type.String(), Type.String()),
      points: Type.Array(Type.Tuple([IsoTime, nullable(Type.Number())])),
    }),
  ),
});
export type MetricSeriesAnswer = Static<typeof MetricSeriesAnswer>;
