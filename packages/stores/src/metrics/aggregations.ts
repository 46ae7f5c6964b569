import type { MetricAggregation, MetricKind } from '@tracepost/contracts';

const OF_COUNTERS: readonly MetricAggregation[] = ['SUM', 'RATE', 'COUNT'];
const OF_GAUGES: readonly MetricAggregation[] = ['MEAN', 'SUM', 'MIN', 'MAX', 'COUNT'];
const OF_HISTOGRAMS: readonly MetricAggregation[] = ['MEAN', 'SUM', 'COUNT', 'P50', 'P95', 'P99', 'RATE'];

/**
 * What can truly be said of a kind. A counter knows how much was added, not what the single additions were; a gauge's
 * samples say nothing about the time between them; the lowest and highest value of a histogram are known only where
 * every point says them for its own stretch of time (`hasBounds`: delta temporality).
 */
export function possibleAggregations(kind: MetricKind, hasBounds: boolean): readonly MetricAggregation[] {
  if (kind === 'counter') return OF_COUNTERS;
  if (kind === 'gauge') return OF_GAUGES;
  return hasBounds ? [...OF_HISTOGRAMS, 'MIN', 'MAX'] : OF_HISTOGRAMS;
}

export function naturalAggregation(kind: MetricKind | null): MetricAggregation {
  return kind === 'counter' ? 'SUM' : 'MEAN';
}

export function quantileOf(aggregation: MetricAggregation): number | null {
  if (aggregation === 'P50') return 0.5;
  if (aggregation === 'P95') return 0.95;
  return aggregation === 'P99' ? 0.99 : null;
}
