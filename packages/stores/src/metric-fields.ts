import type { MetricData } from '@tracepost/contracts';

type Histogram = Extract<MetricData, { type: 'histogram' }>;

/**
 * The fields of one data point in `telegraf-prometheus-v1`, or the reason why there are none. Every number is written
 * as a float: a field that is an integer in one shard and a float in the next hides one of the two from queries.
 */
export function metricFields(data: MetricData): Record<string, number> | string {
  if (data.type === 'histogram') return histogramFields(data);
  if (!Number.isFinite(data.value)) return 'not_finite';
  const isCounter = data.type === 'sum' && data.isMonotonic && data.temporality === 'cumulative';
  return isCounter ? { counter: data.value } : { gauge: data.value };
}

function histogramFields(data: Histogram): Record<string, number> | string {
  const { bounds, bucketCounts, count, sum, min, max } = data;
  if (![count, sum, ...bounds, ...bucketCounts].every(Number.isFinite)) return 'not_finite';
  if (!hasBuckets(data)) return 'invalid_histogram';
  const fields: Record<string, number> = { count, sum };
  if (min !== null && Number.isFinite(min)) fields.min = min;
  if (max !== null && Number.isFinite(max)) fields.max = max;
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += bucketCounts[index] ?? 0;
    fields[String(bound)] = below;
  }
  fields['+Inf'] = count;
  return fields;
}

/** One more bucket than bounds, the bounds rising, nothing counted twice; or neither, which OTLP allows too. */
function hasBuckets({ count, bounds, bucketCounts }: Histogram): boolean {
  if (bucketCounts.length === 0) return bounds.length === 0;
  if (bucketCounts.length !== bounds.length + 1) return false;
  if (bucketCounts.reduce((sum, bucket) => sum + bucket, 0) !== count) return false;
  return bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY));
}
