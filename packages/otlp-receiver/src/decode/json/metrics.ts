import type { MetricData, Temporality } from '@tracepost/contracts';
import { MAX_BOUNDS, MAX_BUCKETS } from '../../limits.ts';
import { type ExponentialBuckets, toExplicitHistogram } from '../exponential-histogram.ts';
import { MalformedError } from '../malformed-error.ts';
import type { MetricCollector } from '../metric-collector.ts';
import { type Kind, NO_RECORDED_VALUE, type Point } from '../point.ts';
import { type RecordContext, readEnvelope } from './envelope.ts';
import {
  booleanIn,
  enumIn,
  type JsonObject,
  listIn,
  numberIn,
  objectIn,
  optionalNumberIn,
  textIn,
  wholeNumberIn,
} from './fields.ts';
import { attributesIn } from './values.ts';

/** An `ExportMetricsServiceRequest`, its data points added to `points`. A metric that cannot be read counts as one point. */
export function* decodeJsonMetrics(request: unknown, points: MetricCollector): Generator<void, void> {
  yield* readEnvelope(request, {
    signal: 'metrics',
    refused: points.refused,
    readRecord: (metric, context) => readMetric(metric, context, points),
  });
}

const KINDS: readonly Kind[] = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const TEMPORALITIES: readonly (Temporality | null)[] = [null, 'delta', 'cumulative'];
const TEMPORALITY_NAMES = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'].map((name) => `AGGREGATION_TEMPORALITY_${name}`);

function* readMetric(
  metric: JsonObject,
  { origin, turn, faults }: RecordContext,
  points: MetricCollector,
): Generator<void, void> {
  const kind = KINDS.find((known) => metric[known] !== undefined && metric[known] !== null);
  const descriptor = {
    name: textIn(metric.name),
    description: textIn(metric.description),
    unit: textIn(metric.unit),
  };
  if (!kind) return;
  const data = objectIn(metric[kind]);
  const temporality = TEMPORALITIES[enumIn(data.aggregationTemporality, TEMPORALITY_NAMES)] ?? null;
  const isMonotonic = booleanIn(data.isMonotonic);
  for (const one of listIn(data.dataPoints)) {
    if (!faults.isOver()) {
      try {
        const point = readPoint(objectIn(one), kind, temporality, isMonotonic);
        if (typeof point === 'string') points.refused.add('metrics', point);
        else points.add(origin, descriptor, point);
      } catch (error) {
        faults.note(error);
      }
    }
    if (turn.isOver()) yield;
  }
}

function readPoint(
  point: JsonObject,
  kind: Kind,
  temporality: Temporality | null,
  isMonotonic: boolean,
): Point | string {
  if (kind !== 'gauge' && kind !== 'summary' && !temporality) return 'no_temporality';
  const isWithoutValue = Number(wholeNumberIn(point.flags)) & NO_RECORDED_VALUE;
  return {
    attributes: attributesIn(point.attributes),
    startTimeUnixNano: wholeNumberIn(point.startTimeUnixNano),
    timeUnixNano: wholeNumberIn(point.timeUnixNano),
    data: isWithoutValue ? 'no_recorded_value' : readData(point, kind, temporality ?? 'cumulative', isMonotonic),
  };
}

function readData(point: JsonObject, kind: Kind, temporality: Temporality, isMonotonic: boolean): Point['data'] {
  if (kind === 'histogram') return readHistogram(point, temporality);
  if (kind === 'exponentialHistogram') return readExponentialHistogram(point, temporality);
  if (kind === 'summary') return readSummary(point);
  const value = optionalNumberIn(point.asDouble) ?? optionalNumberIn(point.asInt);
  if (value === null) return 'no_recorded_value';
  return kind === 'sum' ? { type: 'sum', value, isMonotonic, temporality } : { type: 'gauge', value };
}

function readHistogram(point: JsonObject, temporality: Temporality): MetricData | string {
  const sum = optionalNumberIn(point.sum);
  // Left out where values may be negative; a sum of 0 in its place would be a wrong average.
  if (sum === null) return 'histogram_without_sum';
  return {
    type: 'histogram',
    temporality,
    count: countIn(point.count),
    sum,
    min: optionalNumberIn(point.min),
    max: optionalNumberIn(point.max),
    // One too many lets the rules see that there were.
    bounds: listIn(point.explicitBounds)
      .slice(0, MAX_BOUNDS + 1)
      .map(numberIn),
    bucketCounts: listIn(point.bucketCounts)
      .slice(0, MAX_BOUNDS + 2)
      .map(countIn),
  };
}

function readExponentialHistogram(point: JsonObject, temporality: Temporality): MetricData | string {
  return toExplicitHistogram({
    temporality,
    count: countIn(point.count),
    sum: optionalNumberIn(point.sum),
    min: optionalNumberIn(point.min),
    max: optionalNumberIn(point.max),
    scale: numberIn(point.scale),
    zeroCount: countIn(point.zeroCount),
    positive: readBuckets(point.positive),
    negative: readBuckets(point.negative),
  });
}

function readBuckets(value: unknown): ExponentialBuckets {
  const { offset, bucketCounts } = objectIn(value);
  return {
    offset: numberIn(offset),
    counts: listIn(bucketCounts)
      .slice(0, MAX_BUCKETS + 1)
      .map(countIn),
  };
}

function readSummary(point: JsonObject): Point['data'] {
  const quantiles = listIn(point.quantileValues)
    .slice(0, MAX_BUCKETS + 1)
    .map(objectIn)
    .map(({ quantile, value }) => ({ quantile: numberIn(quantile), value: numberIn(value) }));
  return { type: 'summary', summary: { count: countIn(point.count), sum: numberIn(point.sum), quantiles } };
}

function countIn(value: unknown): number {
  const count = wholeNumberIn(value);
  if (count < 0n) throw new MalformedError('a count below zero');
  return Number(count);
}
