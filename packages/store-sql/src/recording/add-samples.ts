import type { MetricSample } from '@tracepost/contracts';
import type { SeriesOverflow } from '@tracepost/stores';
import type { Transaction } from 'kysely';
import type { RecordTables } from '../schema.ts';
import { findSeries } from './find-series.ts';
import { MINUTE_MS, type PointKey, PointSum, pointKeyText, startOf } from './point-row.ts';
import { lockPoints, mergePoints } from './write-points.ts';

export interface NewSample extends MetricSample {
  readonly eventId: string;
  readonly atMs: number;
}

/** Adds each value to the minute and the series that it belongs to; gives what was beyond the limits. */
export async function addSamples(
  transaction: Transaction<RecordTables>,
  samples: readonly NewSample[],
  options: { readonly lockRows: boolean },
): Promise<SeriesOverflow[]> {
  await lockPoints(transaction, options);
  const { seriesOf, overflowed } = await findSeries(transaction, samples);
  const sums = new Map<string, PointSum>();
  for (const sample of samples) {
    const start_ms = startOf(sample.atMs, MINUTE_MS);
    const key: PointKey = { series_id: seriesOf(sample), start_ms, span_ms: MINUTE_MS };
    const text = pointKeyText(key);
    const sum = sums.get(text) ?? new PointSum(key);
    sums.set(text, sum);
    sum.addValue(sample.value, { last_at_ms: sample.atMs, last_event_id: sample.eventId });
  }
  await mergePoints(transaction, [...sums.values()]);
  return overflowed;
}
