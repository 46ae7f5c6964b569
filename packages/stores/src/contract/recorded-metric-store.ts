import { randomUUID } from 'node:crypto';
import { createSketch } from '@tracepost/analysis';
import { expect } from 'vitest';
import {
  MAX_RECORDED_SERIES,
  OVERFLOW_ATTRIBUTE,
  type RecordedMetricStore,
  type SamplePoint,
  type SampleQuery,
} from '../recorded-metric-store.ts';
import { sampleMetricEntry } from './event-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import type { Property } from './signal-property.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** At the beginning of an hour. */
const BEGIN_MS = Date.UTC(2026, 0, 5, 9);

/** What every store of recorded metrics promises. */
export const RECORDED_METRIC_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'count, sum, lowest, highest and last value are exact, and the sketch is that of all values',
    async run({ stores, open }) {
      const name = nameOfTest();
      const values = [3, -1.5, 250, 0, 0.25, 7];
      // Unordered, in two batches, at one store and another: all the same.
      await stores.events.record([5, 0, 3].map((index) => sampleAt(name, values[index] ?? 0, index * 1_000)));
      const other = await open();
      await other.events.record([4, 1, 2].map((index) => sampleAt(name, values[index] ?? 0, index * 1_000)));
      const [point, ...more] = await pointsOf(stores.recordedMetrics, { name });
      expect(more).toEqual([]);
      expect(point).toMatchObject({ at: timeAt(0), count: 6, min: -1.5, max: 250, last: 7 });
      expect(point?.sum).toBeCloseTo(258.75, 9);
      expect(point?.sketch.toBytes()).toEqual(sketchOf(values));
    },
  },
  {
    title: 'the same id again adds nothing, from one store or two at once',
    async run({ stores, open }) {
      const name = nameOfTest();
      const other = await open();
      const entries = Array.from({ length: 40 }, (_, index) => sampleAt(name, index, index));
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 ? other : stores).events.record(index % 3 ? entries : entries.toReversed()),
        ),
      );
      expect(outcomes.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(40);
      const [entry] = entries;
      if (entry?.sample) await stores.events.record([{ ...entry, sample: { ...entry.sample, value: 1_000 } }]);
      const [point] = await pointsOf(stores.recordedMetrics, { name });
      expect(point).toMatchObject({ count: 40, sum: 780, max: 39 });
    },
  },
  {
    title: 'of two stores that add to the same minute at once neither loses a value',
    async run({ stores, open }) {
      const name = nameOfTest();
      const other = await open();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? other : stores).events.record([sampleAt(name, index, index), sampleAt(name, index, index)]),
        ),
      );
      const [point] = await pointsOf(stores.recordedMetrics, { name });
      expect(point).toMatchObject({ count: 40, sum: 380, last: 19 });
    },
  },
  {
    title: 'values are told apart by the steps that are asked for, whole minutes of them',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      const offsets = [0, 59_999, MINUTE_MS, 5 * MINUTE_MS, 61 * MINUTE_MS];
      await events.record(offsets.map((offset) => sampleAt(name, 1, offset)));
      const counts = async (query: Partial<SampleQuery>) =>
        (await pointsOf(recordedMetrics, { name, ...query })).map(({ at, count }) => [at, count]);
      expect(await counts({ everyMs: MINUTE_MS })).toEqual([
        [timeAt(0), 2],
        [timeAt(MINUTE_MS), 1],
        [timeAt(5 * MINUTE_MS), 1],
        [timeAt(61 * MINUTE_MS), 1],
      ]);
      expect(await counts({ everyMs: HOUR_MS })).toEqual([
        [timeAt(0), 4],
        [timeAt(HOUR_MS), 1],
      ]);
      const from = new Date(BEGIN_MS + 30_000);
      expect(await counts({ from, to: new Date(BEGIN_MS + 90_000) })).toEqual([[from.toISOString(), 3]]);
      expect(await counts({ from: new Date(BEGIN_MS + MINUTE_MS), to: new Date(BEGIN_MS + 5 * MINUTE_MS) })).toEqual([
        [timeAt(MINUTE_MS), 1],
      ]);
      expect(await counts({ from: new Date(BEGIN_MS - DAY_MS), to: new Date(BEGIN_MS) })).toEqual([]);
    },
  },
  {
    title: 'values are grouped by the attributes that are asked for, and found by their values',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      const record = (value: number, attributes: Record<string, string>) =>
        sampleMetricEntry({ name, value, attributes }, { timestamp: timeAt(0) });
      await events.record([
        record(1, { route: '/a', code: '200' }),
        record(2, { code: '500', route: '/a' }),
        record(4, { route: '/b', code: '200' }),
        record(8, { constructor: 'x' }),
      ]);
      const sums = async (query: Partial<SampleQuery>) => {
        const { series } = await recordedMetrics.querySamples({ ...ALL, name, ...query });
        return series.map(({ attributes, points }) => [attributes, points[0]?.sum]);
      };
      expect(await sums({})).toEqual([[{}, 15]]);
      expect(await sums({ groupBy: ['route'] })).toEqual([
        [{ route: '/a' }, 3],
        [{ route: '/b' }, 4],
        [{}, 8],
      ]);
      expect(await sums({ groupBy: ['route', 'code'], where: { code: '200' } })).toEqual([
        [{ code: '200', route: '/a' }, 1],
        [{ code: '200', route: '/b' }, 4],
      ]);
      expect(await sums({ where: { constructor: 'x' } })).toEqual([[{}, 8]]);
      expect(await sums({ where: { toString: 'x' } })).toEqual([]);
      // An empty text: those that do not have it.
      expect(await sums({ where: { code: '' } })).toEqual([[{}, 8]]);
      expect(await sums({ where: { constructor: '', code: '200' }, groupBy: ['route'] })).toEqual([
        [{ route: '/a' }, 1],
        [{ route: '/b' }, 4],
      ]);
      expect(await sums({ where: { toString: '', nobody: '' } })).toEqual([[{}, 15]]);
      expect(await sums({ name: nameOfTest() })).toEqual([]);
    },
  },
  {
    title:
      'a metric has so many series, and what is beyond is counted in one more, with the attribute that varies named',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      const record = (user: number) =>
        sampleMetricEntry(
          { name, value: 1, attributes: { region: `r${user % 3}`, user: `u${user}` } },
          { timestamp: timeAt(0) },
        );
      const known = Array.from({ length: MAX_RECORDED_SERIES }, (_, user) => record(user));
      expect((await events.record(known)).overflowed).toEqual([]);
      const beyond = [record(0), record(5_000), record(5_001), record(5_001)];
      const { recorded, overflowed } = await events.record(beyond);
      expect({ recorded, overflowed }).toEqual({ recorded: 4, overflowed: [{ name, attribute: 'user', count: 3 }] });
      // Kinds and units are words of strangers, too.
      const units = [1, 2, 3].map((unit) =>
        sampleMetricEntry({ name, value: 1, unit: `u${unit}`, kind: 'gauge' }, { timestamp: timeAt(0) }),
      );
      expect((await events.record(units)).overflowed).toMatchObject([{ name, count: 3 }]);
      expect((await recordedMetrics.catalog()).filter((metric) => metric.name === name)).toHaveLength(1);
      const { series } = await recordedMetrics.querySamples({ ...ALL, name, groupBy: [OVERFLOW_ATTRIBUTE] });
      expect(series.map(({ attributes, points }) => [attributes, points[0]?.count])).toEqual([
        [{ [OVERFLOW_ATTRIBUTE]: 'true' }, 6],
        [{}, MAX_RECORDED_SERIES + 1],
      ]);
    },
  },
  {
    title: 'the catalogue tells names, kinds, units and the attributes that there are',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      await events.record([
        sampleMetricEntry({ name, value: 1, attributes: { b: '1' } }),
        sampleMetricEntry({ name, value: 1, attributes: { a: '1', b: '2' } }),
        sampleMetricEntry({ name: `${name}.total`, value: 1, kind: 'counter', unit: '' }),
        sampleMetricEntry({ name: `${name}.total`, value: 1, kind: 'gauge', unit: 'By' }),
      ]);
      const found = (await recordedMetrics.catalog()).filter((metric) => metric.name.startsWith(name));
      expect(found).toEqual([
        { name, kind: 'histogram', unit: 'ms', attributes: ['a', 'b'] },
        { name: `${name}.total`, kind: 'counter', unit: '', attributes: [] },
        { name: `${name}.total`, kind: 'gauge', unit: 'By', attributes: [] },
      ]);
    },
  },
  {
    title: 'minutes become hours once they are thirty days old, and every value is still there',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      const values = [1, 2, 4, 8, 16];
      await events.record(values.map((value, index) => sampleAt(name, value, index * 20 * MINUTE_MS)));
      const hours = async () =>
        (await pointsOf(recordedMetrics, { name, everyMs: HOUR_MS })).map(({ at, count, sum, last, sketch }) => [
          at,
          { count, sum, last, bytes: Buffer.from(sketch.toBytes()).toString('hex') },
        ]);
      const before = await hours();
      await downsampleAll(recordedMetrics, BEGIN_MS + 30 * DAY_MS);
      expect(await pointsOf(recordedMetrics, { name, everyMs: MINUTE_MS })).toHaveLength(5);
      await downsampleAll(recordedMetrics, BEGIN_MS + 31 * DAY_MS);
      expect(await pointsOf(recordedMetrics, { name, everyMs: MINUTE_MS })).toHaveLength(2);
      expect(await hours()).toEqual(before);

      // One that comes late is taken all the same, and put to the others the next time.
      await events.record([sampleAt(name, 32, MINUTE_MS)]);
      await downsampleAll(recordedMetrics, BEGIN_MS + 31 * DAY_MS);
      const [first] = await pointsOf(recordedMetrics, { name, everyMs: MINUTE_MS });
      expect(first).toMatchObject({ at: timeAt(0), count: 4, sum: 39 });
    },
  },
  {
    title: 'values are forgotten after ninety days, with their series, and not before',
    async run({ stores: { events, recordedMetrics } }) {
      const name = nameOfTest();
      const beginMs = Date.UTC(2000, 0);
      const timestamp = new Date(beginMs).toISOString();
      await events.record([sampleMetricEntry({ name, value: 1 }, { timestamp })]);
      const all = { name, from: new Date(beginMs), to: new Date(beginMs + MINUTE_MS) };
      const endMs = beginMs + MINUTE_MS + 90 * DAY_MS;
      expect(await recordedMetrics.purge(endMs - 1)).toBe(0);
      expect(await pointsOf(recordedMetrics, all)).toHaveLength(1);
      expect(await recordedMetrics.purge(endMs)).toBe(1);
      expect(await pointsOf(recordedMetrics, all)).toEqual([]);
      expect((await recordedMetrics.catalog()).filter((metric) => metric.name === name)).toEqual([]);
    },
  },
];

export function describeRecordedMetricStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of recorded metrics`, RECORDED_METRIC_STORE_PROPERTIES, createHarness);
}

const ALL = {
  from: new Date(BEGIN_MS),
  to: new Date(BEGIN_MS + DAY_MS),
  everyMs: null,
  groupBy: [],
  where: {},
} as const;

function nameOfTest(): string {
  return `test.${randomUUID()}`;
}

function timeAt(offsetMs: number): string {
  return new Date(BEGIN_MS + offsetMs).toISOString();
}

function sampleAt(name: string, value: number, offsetMs: number) {
  return sampleMetricEntry({ name, value }, { timestamp: timeAt(offsetMs) });
}

/** Of the one series over all. */
async function pointsOf(
  store: RecordedMetricStore,
  query: Pick<SampleQuery, 'name'> & Partial<SampleQuery>,
): Promise<readonly SamplePoint[]> {
  const { series } = await store.querySamples({ ...ALL, ...query });
  return series.flatMap(({ points }) => points);
}

async function downsampleAll(store: RecordedMetricStore, nowMs: number): Promise<void> {
  while ((await store.downsample(nowMs)) > 0);
}

function sketchOf(values: readonly number[]): Uint8Array {
  const sketch = createSketch();
  for (const value of values) sketch.add(value);
  return sketch.toBytes();
}
