import type { MetricSignal } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import { MOST_ATTRIBUTES, MOST_SETS_OF_BOUNDS, NUMBERS_OF_SERIES } from './metric-width.ts';
import type { SeriesLimits } from './series-cap.ts';
import { hashText } from './series-key.ts';

/** Why a point has no series of its own: too many of them, an attribute too many of the metric, or bounds of a histogram. */
export type BeyondLimit =
  | { readonly limit: 'series' | 'bounds' }
  | { readonly limit: 'attributes'; readonly attribute: string };

export interface OverflowAlarm {
  /** A point that has no series of its own. */
  note(point: MetricSignal, beyond: BeyondLimit, isMerged: boolean): void;
  /** Counts what was noted, and says so in one line, at most once a minute. */
  tell(): void;
}

export interface OverflowAlarmOptions {
  readonly telemetry: Telemetry;
  readonly limits: Pick<SeriesLimits, 'perMetric' | 'total'>;
  readonly now: () => number;
}

const EVERY_MS = 60_000;
/** Points that are compared, of each of so many metrics, to find the attribute that has most values. */
const SAMPLE = 256;
const MOST_METRICS = 50;
const SAMPLED_ATTRIBUTES = 32;
const OTHER = '_OTHER';

interface Noted {
  points: number;
  sampled: number;
  /** The last one. */
  beyond: BeyondLimit;
  /** Of each attribute, what tells its values apart. */
  readonly values: Map<string, Set<number>>;
}

/** Counts what came past a limit, and says once in a while whose attribute it is: that is what somebody has to mend. */
export function createOverflowAlarm({ telemetry, limits, now }: OverflowAlarmOptions): OverflowAlarm {
  const noted = new Map<string, Noted>();
  // Each name is a series of the count itself, for ever.
  const named = new Set<string>();
  let uncounted = new Map<string, { readonly metric: string; merged: number; refused: number }>();
  let toldMs = Number.NEGATIVE_INFINITY;

  const count = (name: string, isMerged: boolean): void => {
    if (named.size < MOST_METRICS) named.add(name);
    const metric = named.has(name) ? name : OTHER;
    const counts = uncounted.get(metric) ?? { metric, merged: 0, refused: 0 };
    uncounted.set(metric, counts);
    counts[isMerged ? 'merged' : 'refused'] += 1;
  };
  const tellCounts = (): void => {
    for (const { metric, merged, refused } of uncounted.values()) {
      for (const [outcome, points] of Object.entries({ merged, refused })) {
        const attributes = { 'tracepost.metric': metric, 'tracepost.outcome': outcome };
        if (points > 0) telemetry.metrics.add('tracepost.series.overflow', points, attributes);
      }
    }
    uncounted = new Map();
  };

  return {
    note(point, beyond, isMerged) {
      count(point.name, isMerged);
      const known = noted.get(point.name);
      if (!known && noted.size >= MOST_METRICS) return;
      const entry = known ?? { points: 0, sampled: 0, beyond, values: new Map() };
      noted.set(point.name, entry);
      entry.points += 1;
      entry.beyond = beyond;
      if (entry.sampled < SAMPLE) sample(entry, point);
    },
    tell() {
      if (uncounted.size > 0) tellCounts();
      const at = now();
      if (noted.size === 0 || at - toldMs < EVERY_MS) return;
      toldMs = at;
      const [name, most] = [...noted].reduce((first, next) => (next[1].points > first[1].points ? next : first));
      const { attribute, text } = describe(most);
      telemetry.logger.warn(
        {
          layer: 'ingest',
          phase: 'hop',
          hopName: 'series-cap',
          hopResult: 'overflow',
          result: 'partial',
          metric: name,
          attribute,
          limit: most.beyond.limit,
          points: most.points,
          metrics: noted.size,
          seriesPerMetric: limits.perMetric,
          seriesInTotal: limits.total,
        },
        `${name} has more ${text}`,
      );
      noted.clear();
    },
  };
}

function sample(noted: Noted, { origin, attributes }: MetricSignal): void {
  noted.sampled += 1;
  const instance = origin.resource['service.instance.id'] ?? '';
  const all = { 'service.name': origin.service, 'service.instance.id': instance, ...attributes };
  for (const [key, value] of Object.entries(all).slice(0, SAMPLED_ATTRIBUTES)) {
    const values = noted.values.get(key) ?? new Set();
    noted.values.set(key, values.add(hashText(JSON.stringify(value))));
  }
}

function describe(noted: Noted): { readonly attribute: string; readonly text: string } {
  const { beyond, sampled } = noted;
  const most = mostValues(noted);
  if (beyond.limit === 'attributes')
    return {
      attribute: beyond.attribute,
      text:
        `attributes than are kept, which is ${MOST_ATTRIBUTES} over all its series: ${beyond.attribute} is one more; ` +
        'further series with such attributes are counted together, in one with otel.metric.overflow',
    };
  if (beyond.limit === 'bounds')
    return {
      attribute: most.attribute,
      text:
        `bounds of histograms than are kept, which is ${MOST_SETS_OF_BOUNDS} sets of them, and ${NUMBERS_OF_SERIES} numbers for each series that it may have; ` +
        `points with others are refused, and further series are counted together; its attribute ${most.attribute} had ${most.values} values in ${sampled} points`,
    };
  return {
    attribute: most.attribute,
    text:
      `series than are kept: its attribute ${most.attribute} had ${most.values} values in ${sampled} points; ` +
      'further series of it are counted together, in one with otel.metric.overflow',
  };
}

function mostValues({ values }: Noted): { readonly attribute: string; readonly values: number } {
  const sizes = [...values].map(([attribute, seen]) => ({ attribute, values: seen.size }));
  return sizes.reduce((most, next) => (next.values > most.values ? next : most), { attribute: 'none', values: 0 });
}
