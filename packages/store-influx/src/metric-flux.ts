import { flux, fluxDateTime, type ParameterizedQuery } from '@influxdata/influxdb-client';
import type { ReadStretch } from '@tracepost/stores';

/** Tag of rolled-up points: those of different shapes are never added. */
export const SHAPE = '~shape';
/** The one field of a rolled-up point. */
export const TALLY = 'tally';
/** Measurements of the roll-ups' bucket that are no metrics; no metric can have such a name. */
export const ROLLED = '~put-together';
export const LATE = '~late';
export const METRICS = '~metrics';
export const ATTRIBUTES = '~attributes';

export const ALL_TIME: ReadStretch = { fromMs: 0, toMs: Date.parse('2200-01-01T00:00:00Z') };

export function rangeFlux(bucket: string, { fromMs, toMs }: ReadStretch): ParameterizedQuery {
  return flux`from(bucket: ${bucket}) |> range(start: ${timeOf(fromMs)}, stop: ${timeOf(toMs)})`;
}

/** Measurements that have points in a stretch of time. */
export function namesFlux(bucket: string, { fromMs, toMs }: ReadStretch): ParameterizedQuery {
  return flux`import "influxdata/influxdb/schema"
  schema.tagValues(bucket: ${bucket}, tag: "_measurement", predicate: (r) => true, start: ${timeOf(fromMs)}, stop: ${timeOf(toMs)})`;
}

function timeOf(ms: number) {
  return fluxDateTime(new Date(ms).toISOString());
}
