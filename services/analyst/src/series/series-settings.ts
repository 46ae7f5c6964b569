import { type Config, type Field, integer, readConfig } from '@tracepost/config';
import { QUESTION_LIMITS } from '@tracepost/stores';
import type { SeriesLimits } from './series-cap.ts';

export type AnalystLimits = SeriesLimits & { readonly services: number };

/** Each series costs a store memory for as long as it is kept: a hundred million would be a mistake, not a wish. */
const MOST = 100_000_000;

/**
 * A metric of more could not be asked for. Half of what a question reads: after a restart the set is learnt anew, so that an hour may hold
 * one and the next, and what overflows comes to them.
 */
const MOST_OF_ONE = QUESTION_LIMITS.seriesRead / 2;

/** The defaults: some hundred programs with a hundred series each, and InfluxDB at ease. */
export const seriesFields = {
  seriesPerMetric: limit(
    'TRACEPOST_SERIES_PER_METRIC',
    'series of one metric; further ones are counted together, or refused where they cannot be added up',
    '2000',
    MOST_OF_ONE,
  ),
  seriesPerService: limit('TRACEPOST_SERIES_PER_SERVICE', 'series of metrics of one service', '10000'),
  seriesTotal: limit('TRACEPOST_SERIES_TOTAL', 'series of all metrics together', '50000'),
  metricNames: limit('TRACEPOST_METRIC_NAMES', 'names of metrics; those of further ones are refused', '5000'),
  services: limit(
    'TRACEPOST_SERVICES',
    'services that are told apart in a day; further ones are called _OTHER in spans and log lines',
    '1000',
  ),
};

function limit(variable: string, about: string, fallback: string, max = MOST): Field<number> {
  return integer(variable, { about, default: fallback, min: 1, max });
}

export function seriesLimits(settings: Config<typeof seriesFields>): AnalystLimits {
  const { seriesPerMetric, seriesPerService, seriesTotal, metricNames, services } = settings;
  return { perMetric: seriesPerMetric, perService: seriesPerService, total: seriesTotal, names: metricNames, services };
}

/** Where nothing was set. */
export const DEFAULT_LIMITS: AnalystLimits = seriesLimits(readConfig({}, seriesFields));
