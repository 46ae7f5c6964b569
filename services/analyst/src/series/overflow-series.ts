import type { MetricData, MetricSignal, Origin } from '@tracepost/contracts';
import type { StreamMemory } from './stream-memory.ts';

type Sum = Extract<MetricData, { type: 'sum' }>;
type Histogram = Extract<MetricData, { type: 'histogram' }>;

/** OpenTelemetry's own attribute for what was counted together. https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute */
export const OVERFLOW = { 'otel.metric.overflow': true } as const;
/** Stands for every instance, and tells it from the overflow that a program's own SDK makes. */
const INSTANCE = 'overflow';

/** One cumulative series into which every stream of one metric and one service is counted that has no series of its own. */
export interface OverflowSeries {
  /** Adds what is new in the point; false when that cannot be told, and the point is to be refused. */
  merge(point: MetricSignal, key: number): boolean;
  /** Its value now, to be written. */
  read(): MetricSignal;
}

/** Null for what cannot be added up: gauges, and sums that may fall. */
export function createOverflowSeries(first: MetricSignal, memory: StreamMemory): OverflowSeries | null {
  const total = createTotal(first.data);
  if (!total) return null;
  const { name, unit, description } = first;
  const origin: Origin = {
    ...first.origin,
    resource: { 'service.name': first.origin.service, 'service.instance.id': INSTANCE },
  };
  // Before its first point, which is counted whole.
  const startTimeUnixNano = first.timeUnixNano - 1_000_000n;
  let latest = first.timeUnixNano;

  return {
    merge({ data, timeUnixNano, startTimeUnixNano: began }, key) {
      if (!total.fits(data)) return false;
      const values = total.valuesOf(data);
      if (data.type === 'gauge' || data.temporality === 'delta') {
        if (!isNext(memory, key, timeUnixNano)) return memory.of(key, 1) !== null;
        total.add(values, data);
      } else {
        const known = memory.of(key, values.length + 1);
        if (!known) return false;
        // What a stream counted before this process listened may have been counted by the one before.
        const isCountedWhole = !known.isNew || began >= BigInt(memory.completeSinceMs) * 1_000_000n;
        total.add(increase(known.numbers, values, began, isCountedWhole), data);
      }
      if (timeUnixNano > latest) latest = timeUnixNano;
      return true;
    },
    read: () => ({
      origin,
      name,
      unit,
      description,
      attributes: OVERFLOW,
      startTimeUnixNano,
      timeUnixNano: latest,
      data: total.read(),
    }),
  };
}

/** A delta point is added once: what is as old as the last one, or older, came again. */
function isNext(memory: StreamMemory, key: number, timeUnixNano: bigint): boolean {
  const known = memory.of(key, 1);
  if (!known) return false;
  // Microseconds, which a double holds exactly.
  const at = Number(timeUnixNano / 1_000n);
  const last = known.numbers[0] ?? 0;
  if (at <= last) return false;
  known.numbers[0] = at;
  return true;
}

/**
 * What a cumulative stream has counted since it was last heard of, and notes where it stands. With a new start time it counts
 * from zero; a point that is older than the last one adds nothing.
 */
function increase(last: Float64Array, values: readonly number[], began: bigint, isCountedWhole: boolean): number[] {
  const start = Number(began / 1_000n);
  const lastStart = last[values.length] ?? 0;
  const isRestarted = start > lastStart && lastStart > 0;
  const grows = values.map((value, at) => value - (isRestarted ? 0 : (last[at] ?? 0)));
  // Counts never fall: such a point is late, or its sender began anew without saying so.
  if (start < lastStart || grows.some((grow) => grow < 0)) return values.map(() => 0);
  last.set(values);
  last[values.length] = Math.max(start, lastStart);
  return isCountedWhole ? grows : values.map(() => 0);
}

interface Total {
  fits(data: MetricData): boolean;
  /** What only ever grows in a point of this kind. */
  valuesOf(data: MetricData): readonly number[];
  add(increase: readonly number[], data: MetricData): void;
  read(): MetricData;
}

function createTotal(data: MetricData): Total | null {
  if (data.type === 'sum') return data.isMonotonic ? createSum() : null;
  return data.type === 'histogram' ? createHistogram(data) : null;
}

function createSum(): Total {
  let sum = 0;
  return {
    fits: (data) => data.type === 'sum' && data.isMonotonic && data.value >= 0,
    valuesOf: (data) => [(data as Sum).value],
    add: ([grow = 0]) => {
      sum += grow;
    },
    read: () => ({ type: 'sum', value: sum, isMonotonic: true, temporality: 'cumulative' }),
  };
}

function createHistogram({ bounds }: Histogram): Total {
  const buckets = new Float64Array(bounds.length + 1);
  let sum = 0;
  let min: number | null = null;
  let max: number | null = null;
  return {
    fits: (data) =>
      data.type === 'histogram' &&
      // Without buckets, or with negative sums, nothing can be told apart.
      data.bucketCounts.length === buckets.length &&
      data.sum >= 0 &&
      data.bounds.length === bounds.length &&
      data.bounds.every((bound, at) => bound === bounds[at]),
    valuesOf: (data) => [...(data as Histogram).bucketCounts, (data as Histogram).sum],
    add(grow, data) {
      const { min: least, max: most } = data as Histogram;
      for (let at = 0; at < buckets.length; at += 1) buckets[at] = (buckets[at] ?? 0) + (grow[at] ?? 0);
      sum += grow[buckets.length] ?? 0;
      if (least !== null) min = Math.min(min ?? least, least);
      if (most !== null) max = Math.max(max ?? most, most);
    },
    read: () => ({
      type: 'histogram',
      temporality: 'cumulative',
      count: buckets.reduce((all, count) => all + count, 0),
      sum,
      min,
      max,
      bounds,
      bucketCounts: [...buckets],
    }),
  };
}
