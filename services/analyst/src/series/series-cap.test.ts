import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { MetricData, MetricSignal, Refusal } from '@tracepost/contracts';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createSeriesCap, type SeriesLimits } from './series-cap.ts';
import { createServiceCap } from './service-cap.ts';

const START = 1_780_000_000_000;
const SECOND = 1_000_000_000n;
const OVERFLOW = { 'otel.metric.overflow': true };
const LIMITS: SeriesLimits = { perMetric: 2, perService: 50, total: 100, names: 10 };

describe('series up to the limit', () => {
  it('are left as they are, and stay known', () => {
    const { apply, points } = given();
    const all = [points.counter('a', 1), points.counter('b', 2)];
    expect(apply(all).kept).toEqual(all);
    const again = [points.counter('b', 5), points.counter('a', 7)];
    expect(apply(again).kept).toEqual(again);
  });

  it('of a metric are not taken up by those of another one', () => {
    const { apply, points } = given();
    apply(['a', 'b', 'c', 'd'].map((user) => points.counter(user, 1)));
    const other = { ...points.counter('z', 1), name: 'other' };
    expect(apply([other]).kept).toEqual([other]);
  });

  it('of one service leave room for those of another one', () => {
    const { apply, points } = given({ limits: { perMetric: 100, perService: 5, total: 8, names: 10 } });
    expect(valuesOf(apply(Array.from({ length: 20 }, (_, at) => points.counter(`u-${at}`, 1))).kept)).toEqual({
      hits: 15,
    });
    const other = ['a', 'b', 'c'].map((user) => {
      const point = points.counter(user, 1);
      return { ...point, origin: { ...point.origin, service: 'other' } };
    });
    expect(apply(other).kept).toEqual(other);
  });

  it('that were silent for a day make room', () => {
    const { apply, points, pass } = given();
    apply([points.counter('a', 1), points.counter('b', 1)]);
    pass(86_400_001);
    const fresh = points.counter('c', 1);
    expect(apply([fresh]).kept).toEqual([fresh]);
  });
});

describe('counters past the limit', () => {
  it('are summed in one series, from what is new in each', () => {
    const { apply, points, pass } = given();
    const first = apply(['a', 'b', 'c', 'd'].map((user, at) => points.counter(user, 10 * (at + 1))));
    expect(first.kept.slice(2)).toMatchObject([{ attributes: OVERFLOW, data: { type: 'sum', value: 70 } }]);
    pass(1_000);
    const next = apply([points.counter('c', 31), points.counter('d', 40), points.counter('e', 5)]);
    expect(next.kept).toMatchObject([{ attributes: OVERFLOW, data: { value: 76 } }]);
    expect(next.refused).toEqual([]);
  });

  it('are counted once, however often a batch comes', () => {
    const { apply, points } = given();
    const batch = ['a', 'b', 'c', 'd'].map((user) => points.counter(user, 10));
    const deltas = ['a', 'b', 'c', 'd'].map((user) => ({
      ...points.counter(user, 3, 'delta'),
      name: 'deltas',
    }));
    const [once, twice] = [apply([...batch, ...deltas]), apply([...batch, ...deltas])];
    expect(valuesOf(once.kept)).toEqual({ hits: 20, deltas: 6 });
    expect(valuesOf(twice.kept)).toEqual({ hits: 20, deltas: 6 });
  });

  it('that begin anew go on from there, and late points add nothing', () => {
    const { apply, points, pass } = given();
    apply(['a', 'b', 'c'].map((user) => points.counter(user, 50)));
    pass(10_000);
    const restarted = { ...points.counter('c', 3), startTimeUnixNano: nanos(START + 9_000) };
    expect(apply([restarted]).kept).toMatchObject([{ data: { value: 53 } }]);
    expect(apply([{ ...points.counter('c', 51), startTimeUnixNano: nanos(START) }]).kept).toMatchObject([
      { data: { value: 53 } },
    ]);
  });

  it('that have counted since before this process was there are counted from now on', () => {
    const { apply, points } = given();
    const old = (value: number) => ({ ...points.counter('c', value), startTimeUnixNano: nanos(START - 60_000) });
    const first = apply([points.counter('a', 1), points.counter('b', 1), old(1_000)]);
    expect(first.kept.at(-1)).toMatchObject({ attributes: OVERFLOW, data: { value: 0 } });
    expect(apply([old(1_004)]).kept).toMatchObject([{ data: { value: 4 } }]);
  });

  it('keep the name of their service; an instance has no series of its own', () => {
    const { apply, points } = given();
    const { kept } = apply(['a', 'b', 'c'].map((user) => points.counter(user, 1)));
    expect(kept.at(-1)?.origin).toMatchObject({
      service: 'shop',
      resource: { 'service.name': 'shop', 'service.instance.id': 'overflow' },
    });
  });
});

describe('histograms past the limit', () => {
  it('are merged bucket by bucket', () => {
    const { apply, points } = given();
    const { kept } = apply([
      points.of('a', histogram([1, 0, 0], 1, 1)),
      points.of('b', histogram([1, 0, 0], 1, 1)),
      points.of('c', histogram([1, 2, 0], 7, 4)),
      points.of('d', histogram([0, 1, 3], 90, 40)),
    ]);
    expect(kept.slice(2)).toMatchObject([
      { attributes: OVERFLOW, data: { count: 7, sum: 97, bucketCounts: [1, 3, 3], min: 1, max: 40, bounds: [2, 8] } },
    ]);
  });

  it('of other buckets are refused: nobody could say in which of these their values lie', () => {
    const { apply, points } = given();
    const others: MetricData = { ...histogram([1, 0, 0], 1, 1), bounds: [3, 9] } as MetricData;
    const { kept, refused } = apply([
      ...['a', 'b', 'c'].map((user) => points.of(user, histogram([1, 0, 0], 1, 1))),
      points.of('d', others),
    ]);
    expect(kept.at(-1)).toMatchObject({ data: { count: 1 } });
    expect(refused).toEqual([{ signal: 'metrics', reason: 'too_many_series', count: 1 }]);
  });
});

describe('what cannot be added up', () => {
  it.each<[string, MetricData]>([
    ['gauges', { type: 'gauge', value: 5 }],
    ['sums that may fall', { type: 'sum', value: 5, isMonotonic: false, temporality: 'cumulative' }],
  ])('%s are refused past the limit, and counted', (_, data) => {
    const { apply, points, counts } = given();
    const { kept, refused } = apply(['a', 'b', 'c', 'd'].map((user) => points.of(user, data)));
    expect(kept).toHaveLength(2);
    expect(refused).toEqual([{ signal: 'metrics', reason: 'too_many_series', count: 2 }]);
    expect(counts).toEqual({ 'hits refused': 2 });
  });
});

describe('names without number', () => {
  it('of metrics are refused past the limit', () => {
    const { apply, points } = given();
    const { kept, refused } = apply(
      Array.from({ length: 25 }, (_, at) => ({ ...points.counter('a', 1), name: `m${at}` })),
    );
    expect(kept).toHaveLength(10);
    expect(refused).toEqual([{ signal: 'metrics', reason: 'too_many_series', count: 15 }]);
  });

  it('of services are counted as one service', () => {
    const { apply, points } = given({ services: 3, limits: { ...LIMITS, perMetric: 1_000, total: 1_000 } });
    const { kept } = apply(
      Array.from({ length: 500 }, (_, at) => {
        const point = points.counter('a', 1);
        return { ...point, origin: { ...point.origin, service: `service-${at}` } };
      }),
    );
    expect(kept).toHaveLength(4);
    expect(kept.at(-1)).toMatchObject({ origin: { service: '_OTHER' }, attributes: OVERFLOW, data: { value: 497 } });
  });
});

describe('attributes of one metric', () => {
  const wide = (points: ReturnType<typeof given>['points'], from: number, count: number) => {
    const keys = Array.from({ length: count }, (_, at) => [`key.${from + at}`, 'v']);
    return { ...points.counter('a', 1), attributes: Object.fromEntries(keys) };
  };
  const limits = { perMetric: 2_000, perService: 10_000, total: 50_000, names: 5_000 };

  it('are held to a number over all its series, and what has further ones is counted together', () => {
    const { apply, points, lines, counts } = given({ limits });
    const first = [wide(points, 0, 40), wide(points, 30, 34)];
    expect(apply(first).kept).toEqual(first);
    const { kept, refused } = apply([wide(points, 0, 41), wide(points, 63, 2), wide(points, 200, 128)]);
    expect(kept.slice(0, 1)).toMatchObject([{ attributes: { 'key.40': 'v' } }]);
    expect(kept.slice(1)).toMatchObject([{ attributes: OVERFLOW, data: { value: 2 } }]);
    expect(refused).toEqual([]);
    expect(counts).toEqual({ 'hits merged': 2 });
    expect(lines).toMatchObject([
      {
        level: 'warn',
        metric: 'hits',
        limit: 'attributes',
        attribute: 'key.200',
        message: expect.stringContaining('key.200'),
      },
    ]);
  });

  it('of other metrics, and of series that are known, are left alone', () => {
    const { apply, points } = given({ limits });
    const known = wide(points, 0, 64);
    apply([known, wide(points, 64, 64)]);
    const other = { ...wide(points, 500, 64), name: 'other' };
    expect(apply([known, other]).kept).toEqual([known, other]);
  });

  it('make room with the series that had them', () => {
    const { apply, points, pass } = given({ limits });
    apply([wide(points, 0, 64)]);
    pass(86_400_001);
    const fresh = wide(points, 64, 64);
    expect(apply([fresh]).kept).toEqual([fresh]);
  });
});

describe('bounds of the histograms of one metric', () => {
  const limits = { perMetric: 2_000, perService: 10_000, total: 50_000, names: 5_000 };
  const bounded = (points: ReturnType<typeof given>['points'], user: string, bounds: number[]) =>
    points.of(user, {
      ...histogram(
        Array.from({ length: bounds.length + 1 }, () => 1),
        1,
        1,
      ),
      bounds,
    } as MetricData);
  const set = (from: number, count = 10) => Array.from({ length: count }, (_, at) => from + at);

  it('may differ in so many ways, also within one series; others are refused and told', () => {
    const { apply, points, lines, counts } = given({ limits });
    const sets = Array.from({ length: 8 }, (_, at) => bounded(points, 'a', set(at)));
    expect(apply(sets).kept).toEqual(sets);
    const { kept, refused } = apply([
      bounded(points, 'a', set(8)),
      bounded(points, 'b', set(9)),
      bounded(points, 'b', set(7)),
    ]);
    expect(kept).toEqual([bounded(points, 'b', set(7))]);
    expect(refused).toEqual([{ signal: 'metrics', reason: 'too_many_series', count: 2 }]);
    expect(counts).toEqual({ 'hits refused': 2 });
    expect(lines).toMatchObject([{ metric: 'hits', limit: 'bounds', attribute: 'user' }]);
  });

  it('make room after a day of silence', () => {
    const { apply, points, pass } = given({ limits });
    apply(Array.from({ length: 8 }, (_, at) => bounded(points, 'a', set(at))));
    pass(86_400_001);
    const fresh = bounded(points, 'a', set(8));
    expect(apply([fresh]).kept).toEqual([fresh]);
  });

  it('may be as many as a point can have, however few series there may be', () => {
    const { apply, points } = given({ limits: { ...limits, perMetric: 1 } });
    const largest = [bounded(points, 'a', set(0, 256))];
    expect(apply(largest).kept).toEqual(largest);
  });

  it('leave room for fewer series the more they are', () => {
    const { apply, points } = given({ limits: { ...limits, perMetric: 10 } });
    // Ten series of 128 numbers are five of 256.
    const { kept, refused } = apply(Array.from({ length: 10 }, (_, at) => bounded(points, `u-${at}`, set(0, 251))));
    expect(kept).toHaveLength(6);
    expect(kept.at(-1)).toMatchObject({ attributes: OVERFLOW, data: { count: 5 * 252 } });
    expect(refused).toEqual([]);
    expect(apply([bounded(points, 'u-0', [0.5])])).toMatchObject({ kept: [], refused: [{ count: 1 }] });
  });
});

describe('the alarm', () => {
  it('names the attribute that has most values, in one line a minute', () => {
    const { apply, points, lines, pass, counts } = given();
    const flood = (from: number) => Array.from({ length: 100 }, (_, at) => points.counter(`user-${from + at}`, 1));
    apply(flood(0));
    apply(flood(100));
    expect(lines).toMatchObject([
      {
        level: 'warn',
        layer: 'ingest',
        metric: 'hits',
        attribute: 'user',
        message: expect.stringContaining('user had 98'),
      },
    ]);
    pass(61_000);
    apply(flood(200));
    expect(lines).toHaveLength(2);
    expect(counts).toEqual({ 'hits merged': 298 });
  });
});

describe('a million values of an attribute', () => {
  it('leave other series alone, and no more than the limit of series and of memory', () => {
    const limits = { perMetric: 2_000, perService: 10_000, total: 50_000, names: 5_000 };
    const { apply, points, lines, heldSeries } = given({ limits });
    const others = ['GET', 'POST'].map((method) => ({ ...points.counter(method, 1), name: 'other' }));
    apply(others);
    const heapBefore = heap();
    let counted = 0;
    for (let batch = 0; batch < 1_000; batch += 1) {
      const flood = Array.from({ length: 1_000 }, (_, at) => points.counter(`user-${batch * 1_000 + at}`, 1));
      const { kept } = apply([...flood, ...others]);
      expect(kept.filter(({ name }) => name === 'other')).toEqual(others);
      counted = valuesOf(kept).hits ?? counted;
    }
    // A counter takes two numbers: half a million streams are remembered, and what is past them is refused, and said to be.
    expect(counted).toBe(2 ** 19);
    expect(heldSeries()).toBe(2_000 + 2 + 1);
    expect(lines).toMatchObject([{ attribute: 'user' }]);
    const heldMiB = (heap() - heapBefore) / 2 ** 20;
    expect(heldMiB).toBeLessThan(32);
  }, 240_000);
});

/** Bytes held, without what only waits to be collected: how much of that there is differs from run to run. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function nanos(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

function histogram(bucketCounts: number[], sum: number, max: number): MetricData {
  const count = bucketCounts.reduce((all, bucket) => all + bucket, 0);
  return { type: 'histogram', temporality: 'cumulative', count, sum, min: 1, max, bounds: [2, 8], bucketCounts };
}

/** By metric, of the series that everything else is counted in. */
function valuesOf(kept: readonly MetricSignal[]): Record<string, number> {
  const overflow = kept.filter(({ attributes }) => attributes['otel.metric.overflow'] === true);
  return Object.fromEntries(overflow.map(({ name, data }) => [name, 'value' in data ? data.value : data.count]));
}

function given({ limits = LIMITS, services = 100 }: { limits?: SeriesLimits; services?: number } = {}) {
  let nowMs = START;
  const lines: Record<string, unknown>[] = [];
  const counts: Record<string, number> = {};
  const telemetry: Telemetry = {
    ...createTelemetry({
      serviceName: 'tracepost-analyst',
      terminalLevel: 'debug',
      write: (line) => lines.push(JSON.parse(line)),
    }),
    metrics: {
      add: (_, value, attributes) => {
        const words = Object.values(attributes ?? {}).join(' ');
        counts[words] = (counts[words] ?? 0) + value;
      },
      record: () => {},
      observe: () => () => {},
    },
  };
  const now = () => nowMs;
  const cap = createSeriesCap({ limits, services: createServiceCap({ most: services, now }), telemetry, now });
  const seen = new Set<string>();
  const of = (user: string, data: MetricData): MetricSignal => ({
    origin: { service: 'shop', resource: { 'service.instance.id': 'one' }, scopeName: 'shop', scopeVersion: '1' },
    name: 'hits',
    unit: '1',
    description: '',
    attributes: { method: 'GET', user },
    startTimeUnixNano: nanos(START),
    timeUnixNano: nanos(nowMs) + SECOND,
    data,
  });
  return {
    apply(points: readonly MetricSignal[]) {
      const refused: Refusal[] = [];
      const kept = cap.apply(points, {
        add(signal, reason) {
          const count = (refused.pop()?.count ?? 0) + 1;
          refused.push({ signal, reason, count });
        },
      });
      for (const { name, origin, attributes } of kept) seen.add(JSON.stringify([name, origin, attributes]));
      return { kept, refused };
    },
    points: {
      of,
      counter: (user: string, value: number, temporality: 'delta' | 'cumulative' = 'cumulative') =>
        of(user, { type: 'sum', value, isMonotonic: true, temporality }),
    },
    /** Series that a store would hold by now. */
    heldSeries: () => seen.size,
    lines,
    counts,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}
