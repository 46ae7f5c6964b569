import type { MetricSignal } from '@tracepost/contracts';
import { checkMetric } from '../check-metric.ts';
import { isTime, latestTime } from '../check-time.ts';
import { MAX_BUCKETS } from '../limits.ts';

export interface Summary {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

/**
 * A summary as Prometheus writes it: sums `name_count` and `name_sum`, and a gauge for each quantile with the attribute `quantile`.
 * Quantiles of a window in which nothing happened are not numbers: those are left out. Gives the reason when any of it would be refused,
 * so that one point is refused once.
 */
export function toMetricSignals(
  point: Omit<MetricSignal, 'data'>,
  { count, sum, quantiles }: Summary,
  nowMs: number,
): readonly MetricSignal[] | string {
  if (quantiles.length > MAX_BUCKETS) return 'too_many_quantiles';
  if (!isTime(point.timeUnixNano, latestTime(nowMs))) return 'invalid_time';
  const cumulative = { type: 'sum', isMonotonic: true, temporality: 'cumulative' } as const;
  const signals: MetricSignal[] = [
    { ...point, name: `${point.name}_count`, unit: '1', data: { ...cumulative, value: count } },
    { ...point, name: `${point.name}_sum`, data: { ...cumulative, value: sum } },
  ];
  for (const { quantile, value } of quantiles) {
    if (!(quantile >= 0 && quantile <= 1)) return 'invalid_summary';
    if (!Number.isFinite(value)) continue;
    const attributes = { ...point.attributes, quantile: String(quantile) };
    signals.push({ ...point, attributes, data: { type: 'gauge', value } });
  }
  for (const signal of signals) {
    const checked = checkMetric(signal);
    if (typeof checked === 'string') return checked;
  }
  return signals;
}
