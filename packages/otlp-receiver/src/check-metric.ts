import type { MetricData, MetricSignal } from '@tracepost/contracts';
import { attributesFit, cutString } from './limit-values.ts';
import { MAX_BOUNDS, MAX_NAME_BYTES } from './limits.ts';

/** Instrument names of OpenTelemetry, and of Prometheus with its colons and underscores in front. */
const METRIC_NAME = /^[A-Za-z_:][\w.:/-]{0,254}$/;

/**
 * Gives the point or the reason why it is refused. Attributes are never cut here: two series whose attributes were cut alike
 * would become one, and its numbers nobody's.
 */
export function checkMetric(metric: MetricSignal): MetricSignal | string {
  if (!METRIC_NAME.test(metric.name)) return 'invalid_name';
  if (!attributesFit(metric.attributes)) return 'attributes_too_large';
  const fault = checkData(metric.data);
  if (fault) return fault;
  return {
    ...metric,
    unit: cutString(metric.unit, 63),
    description: cutString(metric.description, MAX_NAME_BYTES),
    // Some SDKs leave it out, and a start after the end means the same: not known.
    startTimeUnixNano: metric.startTimeUnixNano > metric.timeUnixNano ? 0n : metric.startTimeUnixNano,
  };
}

function checkData(data: MetricData): string | null {
  if (data.type !== 'histogram') return Number.isFinite(data.value) ? null : 'not_finite';
  const { count, sum, min, max, bounds, bucketCounts } = data;
  if (bounds.length > MAX_BOUNDS) return 'too_many_buckets';
  if (![count, sum, min ?? 0, max ?? 0, ...bounds].every(Number.isFinite)) return 'not_finite';
  if (bounds.some((bound, at) => at > 0 && bound <= (bounds[at - 1] ?? 0))) return 'invalid_histogram';
  // Without buckets a histogram is a count and a sum, which is allowed.
  if (bucketCounts.length === 0) return bounds.length === 0 ? null : 'invalid_histogram';
  if (bucketCounts.length !== bounds.length + 1) return 'invalid_histogram';
  return bucketCounts.reduce((total, bucket) => total + bucket, 0) === count ? null : 'invalid_histogram';
}
