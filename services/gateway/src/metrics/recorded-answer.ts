import { METRIC_AGGREGATIONS, type MetricAggregation, type MetricKind } from '@tracepost/contracts';
import {
  type MetricQuestion,
  quantileOf,
  type RecordedMetricStore,
  type SamplePoint,
  windowSeconds,
  windowStart,
  windowStarts,
} from '@tracepost/stores';
import type { MetricReply } from './metric-service.ts';

/** Each recorded value is known by itself: what cannot be said is how fast a gauge was measured, which means nothing. */
const OF_RECORDED_GAUGES = METRIC_AGGREGATIONS.filter((aggregation) => aggregation !== 'RATE');

/** Answers from what was recorded: minutes with exact sums and sketches. Rejects as the store does. */
export async function answerRecorded(
  recorded: Pick<RecordedMetricStore, 'querySamples'>,
  question: MetricQuestion,
  known: { readonly kind: MetricKind; readonly unit: string },
): Promise<MetricReply> {
  const { kind, unit } = known;
  const aggregation = question.aggregation ?? (kind === 'counter' ? 'SUM' : 'MEAN');
  if (kind === 'gauge' && aggregation === 'RATE')
    return { status: 'refused', kind, aggregation, possible: OF_RECORDED_GAUGES };
  const starts = windowStarts(question);
  const { name, from, to, everyMs, groupBy, where } = question;
  const { series } = await recorded.querySamples({ name, from, to, everyMs, groupBy, where });
  const found = series.length === 0 && groupBy.length === 0 ? [{ attributes: {}, points: [] }] : series;
  return {
    status: 'answered',
    unit,
    aggregation,
    accuracy: quantileOf(aggregation) === null ? null : 'sketch',
    sampleCount: series.flatMap(({ points }) => points).reduce((sum, { count }) => sum + count, 0),
    series: found.map(({ attributes, points }) => {
      // The first minute of the range may begin before it.
      const byStart = new Map(points.map((point) => [startOf(point, question), point]));
      return {
        attributes,
        points: starts.map((atMs) => ({
          atMs,
          value: reckon({ aggregation, kind, point: byStart.get(atMs), seconds: windowSeconds(atMs, question) }),
        })),
      };
    }),
  };
}

function startOf({ at }: SamplePoint, question: MetricQuestion): number {
  const atMs = Math.max(Date.parse(at), question.from.getTime());
  return windowStart(atMs, question);
}

interface PointFacts {
  readonly aggregation: MetricAggregation;
  readonly kind: MetricKind;
  readonly point: SamplePoint | undefined;
  readonly seconds: number;
}

function reckon({ aggregation, kind, point, seconds }: PointFacts): number | null {
  if (aggregation === 'COUNT') return point?.count ?? 0;
  if (aggregation === 'SUM') return point?.sum ?? 0;
  if (aggregation === 'RATE') return ((kind === 'counter' ? point?.sum : point?.count) ?? 0) / seconds;
  if (!point || point.count === 0) return null;
  if (aggregation === 'MEAN') return point.sum / point.count;
  if (aggregation === 'MIN') return point.min;
  if (aggregation === 'MAX') return point.max;
  return point.sketch.quantile(quantileOf(aggregation) ?? 0);
}
