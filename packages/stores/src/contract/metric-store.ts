import type { MetricData, MetricSignal } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { MetricPoint, MetricStore } from '../signal-stores.ts';
import { METRIC_QUESTION_PROPERTIES } from './metric-questions.ts';
import { RANDOM_METRICS } from './metric-random.ts';
import { at, metric, nanos, originOf, unique } from './sample-signals.ts';
import { describeProperties, type Harness, type Property } from './signal-property.ts';

export interface MetricStoreSubject {
  readonly store: MetricStore;
}

export const METRIC_STORE_PROPERTIES: readonly Property<MetricStoreSubject>[] = [
  {
    title: 'nothing is found where nothing was written',
    async run({ store }) {
      expect(await read(store, unique('metric'))).toEqual([]);
    },
  },
  {
    title: 'a monotonic cumulative sum is a counter that begins at zero',
    async run({ store }) {
      const name = unique('metric');
      const written = metric({ name, attributes: { route: '/a' }, data: counter(3) });
      expect(await store.writeMetrics([written])).toEqual({ status: 'taken', refused: [] });
      const attributes = { route: '/a', 'service.instance.id': 'test-1' };
      expect(await read(store, name)).toEqual([
        { at: at(10_000).toISOString(), service: 'tracepost-test', attributes, fields: { counter: 3 } },
        { at: at(0).toISOString(), service: 'tracepost-test', attributes, fields: { counter: 0 } },
      ]);
    },
  },
  {
    title: 'gauges, up-down sums and deltas are gauges, and begin nowhere',
    async run({ store }) {
      const datas: readonly MetricData[] = [
        { type: 'gauge', value: -1.5 },
        { type: 'sum', value: 7, isMonotonic: false, temporality: 'cumulative' },
        { type: 'sum', value: 2, isMonotonic: true, temporality: 'delta' },
        { type: 'sum', value: -2, isMonotonic: false, temporality: 'delta' },
      ];
      for (const data of datas) {
        const name = unique('metric');
        await store.writeMetrics([metric({ name, data })]);
        const points = await read(store, name);
        expect(points.map(({ fields }) => fields)).toEqual([{ gauge: data.type === 'histogram' ? 0 : data.value }]);
      }
    },
  },
  {
    title: 'a histogram has its count, sum, min and max, and counts that grow with the upper bound',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([metric({ name, data: histogram({}) })]);
      const [newest, zero, ...others] = await read(store, name);
      expect(others).toEqual([]);
      expect(newest?.fields).toEqual({
        count: 10,
        sum: 12.5,
        min: 0.001,
        max: 9,
        '0.005': 1,
        '0.5': 3,
        '1': 6,
        '+Inf': 10,
      });
      expect(zero?.at).toBe(at(0).toISOString());
      expect(zero?.fields).toEqual({ count: 0, sum: 0, '0.005': 0, '0.5': 0, '1': 0, '+Inf': 0 });
    },
  },
  {
    title: 'a histogram may have no min, no max and no buckets',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([
        metric({ name, data: histogram({ min: null, max: null, bounds: [], bucketCounts: [] }) }),
      ]);
      const [newest] = await read(store, name);
      expect(newest?.fields).toEqual({ count: 10, sum: 12.5, '+Inf': 10 });
    },
  },
  {
    title: 'a delta histogram can be told from a cumulative one, and has no beginning',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([metric({ name, data: histogram({ temporality: 'delta' }) })]);
      const points = await read(store, name);
      expect(points.map(({ attributes }) => attributes['otel.metric.temporality'])).toEqual(['delta']);
    },
  },
  {
    title: 'a restarted series begins at zero again',
    async run({ store }) {
      const name = unique('metric');
      const points = [
        { start: 0, time: 10_000, value: 5 },
        { start: 0, time: 20_000, value: 9 },
        { start: 25_000, time: 30_000, value: 2 },
      ];
      for (const { start, time, value } of points) {
        await store.writeMetrics([
          metric({ name, startTimeUnixNano: nanos(start), timeUnixNano: nanos(time), data: counter(value) }),
        ]);
      }
      expect(await values(store, name)).toEqual([
        [30_000, 2],
        [25_000, 0],
        [20_000, 9],
        [10_000, 5],
        [0, 0],
      ]);
    },
  },
  {
    title: 'a whole number and a fraction of one metric do not collide',
    async run({ store }) {
      const name = unique('metric');
      const data: readonly number[] = [1, 1.5, 0, -0.25, 1e21, 1e-7, 9_007_199_254_740_991];
      for (const [index, value] of data.entries()) {
        const answer = await store.writeMetrics([
          metric({ name, timeUnixNano: nanos(index), data: { type: 'gauge', value } }),
        ]);
        expect(answer).toEqual({ status: 'taken', refused: [] });
      }
      expect((await read(store, name)).map(({ fields }) => fields.gauge)).toEqual([...data].reverse());
    },
  },
  {
    title: 'series differ by service, instance and attributes',
    async run({ store }) {
      const name = unique('metric');
      const series = [
        { origin: originOf('one', 'i-1'), attributes: { a: '1' } },
        { origin: originOf('two', 'i-1'), attributes: { a: '1' } },
        { origin: originOf('one', 'i-2'), attributes: { a: '1' } },
        { origin: originOf('one', 'i-1'), attributes: { a: '2' } },
        { origin: originOf('one', 'i-1'), attributes: {} },
      ];
      await store.writeMetrics(
        series.map((fields, index) => metric({ name, ...fields, data: { type: 'gauge', value: index } })),
      );
      const points = await read(store, name);
      const seen = points.map((point) => [point.service, point.attributes, point.fields.gauge]);
      expect(seen.sort((a, b) => Number(a[2]) - Number(b[2]))).toEqual([
        ['one', { a: '1', 'service.instance.id': 'i-1' }, 0],
        ['two', { a: '1', 'service.instance.id': 'i-1' }, 1],
        ['one', { a: '1', 'service.instance.id': 'i-2' }, 2],
        ['one', { a: '2', 'service.instance.id': 'i-1' }, 3],
        ['one', { 'service.instance.id': 'i-1' }, 4],
      ]);
    },
  },
  {
    title: 'attributes become texts on one line, and names that mean something else step aside',
    async run({ store }) {
      const name = unique('metric');
      const attributes = {
        status: 200,
        ok: true,
        list: ['a', 1],
        odd: 'a b,c=d"e\\f 🦊',
        lines: 'one\ntwo',
        slash: 'C:\\',
        empty: '',
        none: null,
        time: 'noon',
        count: 'many',
        _field: 'x',
        'key with = , and space': 'y',
      };
      await store.writeMetrics([metric({ name, attributes, data: { type: 'gauge', value: 1 } })]);
      const [point] = await read(store, name);
      expect(point?.attributes).toEqual({
        status: '200',
        ok: 'true',
        list: '["a",1]',
        odd: 'a b,c=d"e\\f 🦊',
        lines: 'one two',
        slash: 'C:',
        'attribute.time': 'noon',
        'attribute.count': 'many',
        'attribute._field': 'x',
        'key with = , and space': 'y',
        'service.instance.id': 'test-1',
      });
      expect(point?.fields).toEqual({ gauge: 1 });
    },
  },
  {
    title: 'points come newest first, within the window, up to the limit',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics(
        Array.from({ length: 12 }, (_, index) =>
          metric({
            name,
            attributes: { part: String(index % 3) },
            timeUnixNano: nanos(index * 1000),
            data: { type: 'gauge', value: index },
          }),
        ),
      );
      const window = { name, from: at(2000), to: at(9000) };
      const found = await store.readPoints({ ...window, limit: 100 });
      expect(found.map(({ fields }) => fields.gauge)).toEqual([8, 7, 6, 5, 4, 3, 2]);
      const newest = await store.readPoints({ ...window, limit: 3 });
      expect(newest.map(({ fields }) => fields.gauge)).toEqual([8, 7, 6]);
      expect(await store.readPoints({ name, from: at(0), to: at(0), limit: 5 })).toEqual([]);
    },
  },
  {
    title: 'writing a batch twice changes nothing',
    async run({ store }) {
      const name = unique('metric');
      const batch = [metric({ name, data: counter(3) }), metric({ name, attributes: { a: 'b' }, data: histogram({}) })];
      await store.writeMetrics(batch);
      const first = await read(store, name);
      expect(await store.writeMetrics([...batch, ...batch])).toEqual({ status: 'taken', refused: [] });
      expect(first).toHaveLength(4);
      expect(sorted(await read(store, name))).toEqual(sorted(first));
    },
  },
  {
    title: 'what no store can keep is refused by reason and count, and harms no other',
    async run({ store }) {
      const name = unique('metric');
      const bad: readonly Partial<MetricSignal>[] = [
        { data: { type: 'gauge', value: Number.NaN } },
        { data: counter(Number.POSITIVE_INFINITY) },
        { data: histogram({ sum: Number.NaN }) },
        { data: histogram({ bucketCounts: [1, 2, 3] }) },
        { data: histogram({ bucketCounts: [1, 2, 3, 3] }) },
        { data: histogram({ bounds: [1, 0.5, 2] }) },
        { name: '' },
        { name: '# a comment' },
        { timeUnixNano: 2n ** 64n - 1n },
      ];
      const good = metric({ name, data: { type: 'gauge', value: 1 } });
      const answer = await store.writeMetrics([good, ...bad.map((fields) => ({ ...good, ...fields }))]);
      expect(answer).toEqual({
        status: 'taken',
        refused: [
          { signal: 'metrics', reason: 'not_finite', count: 3 },
          { signal: 'metrics', reason: 'invalid_histogram', count: 3 },
          { signal: 'metrics', reason: 'invalid_name', count: 2 },
          { signal: 'metrics', reason: 'invalid_time', count: 1 },
        ],
      });
      expect(await values(store, name)).toEqual([[10_000, undefined]]);
    },
  },
  {
    title: 'names are data, whatever they hold',
    async run({ store }) {
      expect(await read(store, `x" or true or "`)).toEqual([]);
    },
  },
  {
    title: 'an empty batch is taken',
    async run({ store }) {
      expect(await store.writeMetrics([])).toEqual({ status: 'taken', refused: [] });
    },
  },
  {
    title: 'ping resolves while the store answers',
    async run({ store }) {
      await store.ping();
    },
  },
];

export function describeMetricStoreContract(
  name: string,
  createHarness: () => Promise<Harness<MetricStoreSubject>>,
): void {
  describeProperties(
    `${name} as a metric store`,
    [...METRIC_STORE_PROPERTIES, ...METRIC_QUESTION_PROPERTIES, RANDOM_METRICS],
    createHarness,
  );
}

function counter(value: number): MetricData {
  return { type: 'sum', value, isMonotonic: true, temporality: 'cumulative' };
}

function histogram(fields: Partial<Extract<MetricData, { type: 'histogram' }>>): MetricData {
  return {
    type: 'histogram',
    temporality: 'cumulative',
    count: 10,
    sum: 12.5,
    min: 0.001,
    max: 9,
    bounds: [0.005, 0.5, 1],
    bucketCounts: [1, 2, 3, 4],
    ...fields,
  };
}

function read(store: MetricStore, name: string): Promise<MetricPoint[]> {
  return store.readPoints({ name, from: at(-1000), to: at(3_600_000), limit: 100 });
}

/** Milliseconds after the beginning, and the counter's value. */
async function values(store: MetricStore, name: string): Promise<[number, number | undefined][]> {
  const points = await read(store, name);
  return points.map((point) => [Date.parse(point.at) - at(0).getTime(), point.fields.counter]);
}

function sorted(points: readonly MetricPoint[]): MetricPoint[] {
  return [...points].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
