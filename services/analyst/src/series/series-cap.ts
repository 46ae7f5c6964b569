import type { MetricSignal } from '@tracepost/contracts';
import type { Refusals } from '@tracepost/otlp-receiver';
import type { Telemetry } from '@tracepost/telemetry';
import { createMetricWidth, type KeySet, type MetricWidth } from './metric-width.ts';
import { type BeyondLimit, createOverflowAlarm } from './overflow-alarm.ts';
import { createOverflowSeries, type OverflowSeries } from './overflow-series.ts';
import { seriesKey } from './series-key.ts';
import { OTHER_SERVICE, type ServiceCap } from './service-cap.ts';
import { createStreamMemory } from './stream-memory.ts';

export interface SeriesLimits {
  /** Series that one metric may have. */
  readonly perMetric: number;
  /** That one service may have, so that none takes the room of the others. */
  readonly perService: number;
  /** Of all metrics together. */
  readonly total: number;
  /** Names of metrics: each may have a series in which everything else of it is counted. */
  readonly names: number;
}

export interface SeriesCapOptions {
  readonly limits: SeriesLimits;
  readonly services: Pick<ServiceCap, 'isKnown'>;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  /** Of what streams beyond the limit have said; see `StreamMemory`. */
  readonly mostNumbers?: number;
}

export interface SeriesCap {
  /**
   * Points of known series as they are; those past a limit counted together, counters summed and histograms merged, in one series
   * with `otel.metric.overflow`. A series with more attributes than its metric has room for is past a limit too. What cannot be added up is refused as `too_many_series`. Taking a batch twice changes nothing.
   */
  apply(points: readonly MetricSignal[], refused: Pick<Refusals, 'add'>): readonly MetricSignal[];
}

interface Series {
  readonly service: string;
  readonly keys: KeySet;
  /** When it was last heard of, milliseconds. */
  heardMs: number;
}

interface Metric {
  readonly series: Map<number, Series>;
  readonly width: MetricWidth;
  readonly overflow: Map<string, OverflowSeries | null>;
  sweptMs: number;
}

/** A series that was silent for so long makes room for another one. */
const SILENT_MS = 24 * 3_600_000;
const SWEEP_EVERY_MS = 60_000;
/** Services of one metric whose overflow is told apart. */
const MOST_SERVICES = 50;
const SERIES: BeyondLimit = { limit: 'series' };
const BOUNDS: BeyondLimit = { limit: 'bounds' };
const REMEMBERED_NUMBERS = 2 ** 20;
const TURN_MS = 3_600_000;

/**
 * Holds the number of series that reach a store, whatever the attributes of other programs hold: each series costs a store memory
 * for as long as it is kept. First come, first served; the set is learnt anew at each start, from what speaks first.
 */
export function createSeriesCap(options: SeriesCapOptions): SeriesCap {
  const { limits, services, telemetry, now, mostNumbers = REMEMBERED_NUMBERS } = options;
  const metrics = new Map<string, Metric>();
  const ofService = new Map<string, number>();
  const memory = createStreamMemory({ mostNumbers, turnMs: TURN_MS, now });
  const alarm = createOverflowAlarm({ telemetry, limits, now });
  let total = 0;
  let sweptMs = 0;

  const metricOf = (name: string): Metric | null => {
    const known = metrics.get(name);
    if (known) return known;
    if (metrics.size >= limits.names) sweepAll();
    if (metrics.size >= limits.names) return null;
    const metric: Metric = {
      series: new Map(),
      width: createMetricWidth({ mostSeries: limits.perMetric, now }),
      overflow: new Map(),
      sweptMs: 0,
    };
    metrics.set(name, metric);
    return metric;
  };

  const sweep = (metric: Metric): void => {
    const at = now();
    if (at - metric.sweptMs < SWEEP_EVERY_MS) return;
    metric.sweptMs = at;
    for (const [key, { service, keys, heardMs }] of metric.series) {
      if (at - heardMs <= SILENT_MS) continue;
      metric.series.delete(key);
      metric.width.release(keys);
      ofService.set(service, (ofService.get(service) ?? 1) - 1);
      total -= 1;
    }
  };
  const sweepAll = (): void => {
    if (now() - sweptMs < SWEEP_EVERY_MS) return;
    sweptMs = now();
    for (const [service, series] of ofService) if (series === 0) ofService.delete(service);
    for (const [name, metric] of metrics) {
      sweep(metric);
      // Its overflow may only be forgotten with it: a series that begins anew says so by its start.
      if (metric.series.size === 0) metrics.delete(name);
    }
  };

  /** The limit that keeps a point from having a series of its own; null when it has one. */
  const limitOf = (
    metric: Metric,
    key: number,
    { origin: { service }, attributes }: MetricSignal,
  ): BeyondLimit | null => {
    const known = metric.series.get(key);
    if (known) {
      known.heardMs = now();
      return null;
    }
    const { series, width } = metric;
    const isServiceFull = () => (ofService.get(service) ?? 0) >= limits.perService;
    const isWide = () => !width.hasNumbersFor(series.size + 1) || width.attributeBeyond(attributes) !== null;
    if (series.size >= limits.perMetric || isWide()) sweep(metric);
    if (total >= limits.total || isServiceFull()) sweepAll();
    if (series.size >= limits.perMetric || total >= limits.total || isServiceFull()) return SERIES;
    const attribute = width.attributeBeyond(attributes);
    if (attribute !== null) return { limit: 'attributes', attribute };
    if (!width.hasNumbersFor(series.size + 1)) return BOUNDS;
    total += 1;
    ofService.set(service, (ofService.get(service) ?? 0) + 1);
    series.set(key, { service, keys: width.take(attributes), heardMs: now() });
    return null;
  };

  const overflowOf = (metric: Metric, point: MetricSignal, isKnownService: boolean): OverflowSeries | null => {
    const own = point.origin.service;
    const isNamed = isKnownService && (metric.overflow.has(own) || metric.overflow.size < MOST_SERVICES);
    const service = isNamed ? own : OTHER_SERVICE;
    const known = metric.overflow.get(service);
    if (known !== undefined) return known;
    const made = createOverflowSeries({ ...point, origin: { ...point.origin, service } }, memory);
    metric.overflow.set(service, made);
    return made;
  };

  return {
    apply(points, refused) {
      const kept: MetricSignal[] = [];
      const touched = new Set<OverflowSeries>();
      for (const point of points) {
        const metric = metricOf(point.name);
        const key = seriesKey(point);
        const isKnownService = services.isKnown(point.origin.service);
        const hasBounds = metric === null || takesBoundsOf(metric, point);
        const isCounted = metric !== null && isKnownService;
        const beyond = !hasBounds ? BOUNDS : isCounted ? limitOf(metric, key, point) : SERIES;
        if (beyond === null) {
          kept.push(point);
          continue;
        }
        // Other bounds than the metric may have are not added up either: their sum would have them.
        const overflow = metric && hasBounds ? overflowOf(metric, point, isKnownService) : null;
        const isMerged = overflow?.merge(point, key) ?? false;
        alarm.note(point, beyond, isMerged);
        if (overflow && isMerged) touched.add(overflow);
        else refused.add('metrics', 'too_many_series');
      }
      for (const overflow of touched) kept.push(overflow.read());
      alarm.tell();
      return kept;
    },
  };
}

function takesBoundsOf({ width, series }: Metric, { data }: MetricSignal): boolean {
  return data.type !== 'histogram' || width.takeBounds(data.bounds, series.size);
}
