import { expect } from 'vitest';
import type { MetricQuestion } from '../metrics/question.ts';
import { QueryTooLargeError } from '../recorded-metric-store.ts';
import {
  ask,
  byGroup,
  counter,
  counts,
  gauge,
  HOUR,
  MINUTE,
  observed,
  points,
  SECOND,
  total,
} from './metric-asking.ts';
import { METRIC_HOURS } from './metric-hours.ts';
import type { MetricStoreSubject } from './metric-store.ts';
import { at, FAR_TIMES, metric, nanos, originOf, unique } from './sample-signals.ts';
import type { Property } from './signal-property.ts';

export const METRIC_QUESTION_PROPERTIES: readonly Property<MetricStoreSubject>[] = [
  {
    title: 'a question about nothing has an answer: zeros and nulls',
    async run({ store }) {
      const name = unique('metric');
      expect(await total(store, { name, aggregation: 'SUM' })).toBe(0);
      expect(await total(store, { name, aggregation: 'COUNT' })).toBe(0);
      expect(await total(store, { name, aggregation: 'RATE' })).toBe(0);
      for (const aggregation of ['MEAN', 'MIN', 'MAX', 'P50', 'P95', 'P99'] as const)
        expect(await total(store, { name, aggregation })).toBe(null);
      const answer = await ask(store, { name, groupBy: ['route'], aggregation: 'SUM' });
      expect(answer).toMatchObject({ status: 'answered', kind: null, unit: '', sampleCount: 0, series: [] });
    },
  },
  {
    title: 'a time that no store reaches to is one in which nothing was written',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([gauge(name, 1, 1)]);
      for (const [from, to] of FAR_TIMES) {
        const range = { from: new Date(from), to: new Date(to) };
        expect(await total(store, { name, ...range, aggregation: 'COUNT' })).toBe(0);
        expect(await store.catalog(range.from, range.to)).toEqual([]);
      }
    },
  },
  {
    title: 'a counter grows by what its instances have counted, over restarts, from the first point of each',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([
        ...counts(name, { instance: 'i-1', route: '/a' }, [
          [0, 60, 5],
          [0, 120, 9],
          [0, 180, 9],
          [185, 240, 2],
        ]),
        // Born within the range, and never seen before its first point.
        ...counts(name, { instance: 'i-2', route: '/a' }, [
          [130, 180, 4],
          [130, 240, 7],
        ]),
        ...counts(name, { instance: 'i-1', route: '/b' }, [
          [0, 60, 100],
          [0, 120, 101],
          [0, 180, 103],
          [185, 240, 1],
        ]),
      ]);
      expect(await total(store, { name })).toBe(11 + 7 + 104);
      expect(await total(store, { name, from: at(120 * SECOND) })).toBe(0 + 4 + 2 + 7 + 1 + 2 + 1);
      expect(await total(store, { name, aggregation: 'RATE', to: at(240 * SECOND) })).toBeCloseTo(
        (9 + 4 + 103) / 240,
        12,
      );
      expect(await byGroup(store, { name, groupBy: ['route'] })).toEqual([
        [{ route: '/a' }, 18],
        [{ route: '/b' }, 104],
      ]);
    },
  },
  {
    title: 'a counter whose beginning nobody has seen counts from its first point on',
    async run({ store }) {
      const name = unique('metric');
      const unseen = (seconds: number, value: number) =>
        metric({ name, startTimeUnixNano: 0n, timeUnixNano: nanos(seconds * SECOND), data: counter(value) });
      await store.writeMetrics([unseen(60, 1000), unseen(120, 1003), unseen(180, 1)]);
      // The last one is of a process that has started again.
      expect(await total(store, { name })).toBe(4);
      expect(await total(store, { name, from: at(100 * SECOND) })).toBe(4);
      // A day later nobody knows what happened in between.
      await store.writeMetrics([unseen(180 + 86_401, 500), unseen(240 + 86_401, 501)]);
      expect(await total(store, { name, to: at(72 * HOUR) })).toBe(5);
    },
  },
  {
    title: 'a gauge has the mean, sum, lowest, highest and number of its samples',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([
        gauge(name, 10, -2, { queue: 'a' }),
        gauge(name, 20, 4, { queue: 'a' }),
        gauge(name, 30, 7, { queue: 'b' }),
        gauge(name, 90, 100, { queue: 'b' }),
      ]);
      const window = { name, to: at(60 * SECOND) };
      expect(await total(store, window)).toBe(3);
      expect(await total(store, { ...window, aggregation: 'SUM' })).toBe(9);
      expect(await total(store, { ...window, aggregation: 'MIN' })).toBe(-2);
      expect(await total(store, { ...window, aggregation: 'MAX' })).toBe(7);
      expect(await total(store, { ...window, aggregation: 'COUNT' })).toBe(3);
      expect(await byGroup(store, { ...window, groupBy: ['queue'], aggregation: 'MAX' })).toEqual([
        [{ queue: 'a' }, 4],
        [{ queue: 'b' }, 7],
      ]);
    },
  },
  {
    title: 'a histogram has the number, sum and mean of its observations, and percentiles as fine as its buckets',
    async run({ store }) {
      const name = unique('metric');
      // 10 up to 1, 10 more up to 5, 5 more up to 10, 1 beyond.
      await store.writeMetrics([
        observed(name, 0, 60, [10, 10, 5, 1], 100),
        observed(name, 0, 120, [10, 20, 5, 1], 130),
        // Started again.
        observed(name, 130, 180, [4, 0, 0, 0], 2),
        observed(name, 100, 180, [0, 0, 6, 0], 48, 'i-2'),
      ]);
      const ranges = { name, from: at(61 * SECOND) };
      expect(await total(store, { ...ranges, aggregation: 'COUNT' })).toBe(20);
      expect(await total(store, { ...ranges, aggregation: 'SUM' })).toBe(80);
      expect(await total(store, ranges)).toBe(4);
      expect(await total(store, { ...ranges, aggregation: 'P50' })).toBeCloseTo(1 + (4 * (10 - 4)) / 10, 12);
      expect(await total(store, { ...ranges, aggregation: 'P95' })).toBeCloseTo(5 + (5 * (19 - 14)) / 6, 12);
      expect(await total(store, { name, to: at(61 * SECOND), aggregation: 'P99' })).toBe(10);
      expect(await total(store, { name, to: at(61 * SECOND), aggregation: 'P50' })).toBeCloseTo(1 + (4 * 3) / 10, 12);
      expect(await ask(store, { ...ranges, aggregation: 'P99' })).toMatchObject({
        accuracy: 'buckets',
        sampleCount: 20,
      });
      expect(await ask(store, ranges)).toMatchObject({ accuracy: null, kind: 'histogram' });
    },
  },
  {
    title: 'observations in different buckets are put together, each counted once',
    async run({ store }) {
      const name = unique('metric');
      const coarse = { type: 'histogram', temporality: 'cumulative', min: null, max: null } as const;
      await store.writeMetrics([
        metric({
          name,
          attributes: { a: '1' },
          data: { ...coarse, count: 4, sum: 4, bounds: [2], bucketCounts: [4, 0] },
        }),
        metric({
          name,
          attributes: { a: '2' },
          data: { ...coarse, count: 4, sum: 14, bounds: [1, 4], bucketCounts: [0, 4, 0] },
        }),
      ]);
      expect(await total(store, { name, aggregation: 'COUNT' })).toBe(8);
      // Up to 2 there are 4 of the one, and a third of the 4 of the other that lie between 1 and 4.
      expect(await total(store, { name, aggregation: 'P50' })).toBeCloseTo(1 + (4 - 2) / (2 + 4 / 3), 12);
      expect(await byGroup(store, { name, groupBy: ['a'], aggregation: 'P50' })).toEqual([
        [{ a: '1' }, 1],
        [{ a: '2' }, 2.5],
      ]);
    },
  },
  {
    title: 'deltas stand for themselves, and know their lowest and highest value',
    async run({ store }) {
      const [histogram, sum] = [unique('metric'), unique('metric')];
      const delta = (seconds: number, value: number) =>
        metric({
          name: histogram,
          timeUnixNano: nanos(seconds * SECOND),
          data: {
            type: 'histogram',
            temporality: 'delta',
            count: 2,
            sum: value * 2,
            min: value - 1,
            max: value + 1,
            bounds: [5],
            bucketCounts: [2, 0],
          },
        });
      await store.writeMetrics([delta(10, 2), delta(20, 4)]);
      const added = { type: 'sum', value: 3, isMonotonic: true, temporality: 'delta' } as const;
      await store.writeMetrics(
        [10, 20].map((s) => metric({ name: sum, timeUnixNano: nanos(s * SECOND), data: added })),
      );
      expect(await total(store, { name: histogram, aggregation: 'COUNT' })).toBe(4);
      expect(await total(store, { name: histogram, aggregation: 'SUM' })).toBe(12);
      expect(await total(store, { name: histogram, aggregation: 'MIN' })).toBe(1);
      expect(await total(store, { name: histogram, aggregation: 'MAX' })).toBe(5);
      expect(await total(store, { name: sum })).toBe(6);
    },
  },
  {
    title: 'what a kind cannot answer is refused, with what it can',
    async run({ store }) {
      const [sum, level, spread] = [unique('metric'), unique('metric'), unique('metric')];
      await store.writeMetrics([
        metric({ name: sum, data: counter(1) }),
        gauge(level, 1, 1),
        observed(spread, 0, 10, [1, 0, 0, 0], 1),
      ]);
      expect(await ask(store, { name: sum, aggregation: 'P99' })).toEqual({
        status: 'refused',
        kind: 'counter',
        aggregation: 'P99',
        possible: ['SUM', 'RATE', 'COUNT'],
      });
      expect(await ask(store, { name: level, aggregation: 'RATE' })).toMatchObject({
        status: 'refused',
        possible: ['MEAN', 'SUM', 'MIN', 'MAX', 'COUNT'],
      });
      expect(await ask(store, { name: spread, aggregation: 'MAX' })).toMatchObject({
        status: 'refused',
        possible: ['MEAN', 'SUM', 'COUNT', 'P50', 'P95', 'P99', 'RATE'],
      });
      // Also where it has nothing to say.
      expect(await ask(store, { name: sum, from: at(-HOUR), to: at(-MINUTE), aggregation: 'MIN' })).toMatchObject({
        status: 'refused',
      });
    },
  },
  {
    title: 'windows are counted from the epoch; of one partly outside the range the part within counts',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics(
        counts(name, {}, [
          [0, 30, 3],
          [0, 90, 6],
          [0, 200, 26],
        ]),
      );
      const question = { name, from: at(15 * SECOND), to: at(210 * SECOND), everyMs: MINUTE };
      expect(await points(store, question)).toEqual([
        [0, 3],
        [60, 3],
        [120, 0],
        [180, 20],
      ]);
      expect(await points(store, { ...question, aggregation: 'RATE' })).toEqual([
        [0, 3 / 45],
        [60, 3 / 60],
        [120, 0],
        [180, 20 / 30],
      ]);
    },
  },
  {
    title: 'an empty window is null where zero would be a claim',
    async run({ store }) {
      const [level, spread] = [unique('metric'), unique('metric')];
      await store.writeMetrics([gauge(level, 90, 5), observed(spread, 60, 90, [0, 1, 0, 0], 3)]);
      const window = { to: at(180 * SECOND), everyMs: MINUTE };
      for (const aggregation of ['MEAN', 'MIN', 'MAX'] as const)
        expect(await points(store, { ...window, name: level, aggregation })).toEqual([
          [0, null],
          [60, 5],
          [120, null],
        ]);
      expect(await points(store, { ...window, name: spread, aggregation: 'P50' })).toEqual([
        [0, null],
        [60, 3],
        [120, null],
      ]);
      expect(await points(store, { ...window, name: spread, aggregation: 'COUNT' })).toEqual([
        [0, 0],
        [60, 1],
        [120, 0],
      ]);
    },
  },
  {
    title: 'series are chosen by what attributes are, or by their not being there',
    async run({ store }) {
      const name = unique('metric');
      const one = originOf('one');
      await store.writeMetrics([
        { ...gauge(name, 1, 1, { route: '/a', code: '200' }), origin: one },
        { ...gauge(name, 1, 2, { route: '/a' }), origin: originOf('two') },
        { ...gauge(name, 1, 4, { route: '/b', code: '200' }), origin: one },
      ]);
      const sum = (where: Record<string, string>) => total(store, { name, where, aggregation: 'SUM' });
      expect(await sum({ route: '/a' })).toBe(3);
      expect(await sum({ route: '/a', code: '200' })).toBe(1);
      expect(await sum({ code: '' })).toBe(2);
      expect(await sum({ 'service.name': 'two' })).toBe(2);
      expect(await sum({ nobody: 'x' })).toBe(0);
      expect(await sum({ toString: '', nobody: '' })).toBe(7);
      expect(await byGroup(store, { name, groupBy: ['service.name', 'code'], aggregation: 'SUM' })).toEqual([
        [{ 'service.name': 'one', code: '200' }, 5],
        [{ 'service.name': 'two' }, 2],
      ]);
    },
  },
  {
    title: 'names, keys and values of a question are data, whatever they hold',
    async run({ store }) {
      const name = unique('metric');
      const odd = `x" or true or r["y"] == "`;
      await store.writeMetrics([
        gauge(name, 1, 1, { a: odd, 'b c': "it's; DROP TABLE series" }),
        gauge(name, 1, 2, { a: 'x' }),
        // A word that query languages keep for themselves, if not quite so written.
        gauge(name, 1, 4, { Time: 'noon', TIME: '2026', tIme: "'" }),
        gauge(name, 1, 8, { Time: 'midnight' }),
        // No store keeps control characters, halves of characters or a backslash at the end.
        gauge(name, 1, 16, { b: 'x\ry', c: '\u0000', d: 'half \ud800', e: 'C:\\', 'f\r': 'z', g: 'a\\nb' }),
      ]);
      const sum = (question: Partial<MetricQuestion>) => total(store, { name, aggregation: 'SUM', ...question });
      expect(await sum({ where: { a: odd } })).toBe(1);
      expect(await sum({ where: { 'b c': "it's; DROP TABLE series" } })).toBe(1);
      expect(await sum({ where: { [odd]: 'x' } })).toBe(0);
      expect(await sum({ where: { a: "' OR 1=1 --" } })).toBe(0);
      expect(await sum({ name: `${name}" or true or "` })).toBe(0);
      expect(await sum({ where: { Time: 'noon' } })).toBe(4);
      expect(await sum({ where: { Time: 'noon', TIME: '2026', tIme: "'" } })).toBe(4);
      expect(await sum({ where: { Time: 'noon', TIME: '2027' } })).toBe(0);
      expect(await sum({ where: { Time: '', a: '' } })).toBe(16);
      expect(await sum({ where: { Time: 'midnight', a: 'x' } })).toBe(0);
      expect(await sum({ where: { TIME: '2026-11-21' } })).toBe(0);
      expect(await sum({ where: { b: 'x y', c: ' ', d: 'half \ufffd', e: 'C:', 'f ': 'z', g: 'a\\nb' } })).toBe(16);
      for (const control of ['\r', '\n', '\u0000', '\t', '\u001f', '\u007f', '\u0085', '\ud800', '\\']) {
        expect(await sum({ where: { b: `x${control}y${control}` } })).toBe(0);
        expect(await sum({ where: { [`f${control}`]: 'z' } })).toBe(0);
        expect(await sum({ where: { [`f${control}`]: '' }, aggregation: 'COUNT' })).toBe(5);
        expect(await sum({ name: `${name}${control}` })).toBe(0);
      }
      // Columns of the store are no attributes.
      for (const key of ['_measurement', '_field', '_value', '_time', 'time', 'result', 'table', 'fields', '~shape'])
        expect(await sum({ where: { [key]: 'gauge' } })).toBe(0);
      const groups = await byGroup(store, {
        name,
        groupBy: ['a', odd, '_value', 'result', 'Time', 'd'],
        aggregation: 'SUM',
      });
      expect(groups).toEqual([
        [{ Time: 'midnight' }, 8],
        [{ Time: 'noon' }, 4],
        [{ a: 'x' }, 2],
        [{ a: odd }, 1],
        [{ d: 'half \ufffd' }, 16],
      ]);
      // Of hours as of points.
      await store.rollUp(at(HOUR));
      expect(await sum({ where: { Time: 'noon' } })).toBe(4);
      expect(await sum({ where: { Time: '', a: '' } })).toBe(16);
      expect(await sum({ where: { b: 'x\ry' } })).toBe(0);
    },
  },
  {
    title: 'a question whose answer would be too large is refused whole',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([gauge(name, 1, 1)]);
      const tooLarge: readonly Partial<MetricQuestion>[] = [
        { from: new Date('2016-01-01'), to: new Date('2026-01-01') },
        { everyMs: SECOND, to: at(24 * HOUR) },
      ];
      for (const question of tooLarge)
        await expect(ask(store, { name, ...question })).rejects.toThrow(QueryTooLargeError);
      const many = Array.from({ length: 1_001 }, (_, index) => gauge(name, 1, 1, { n: String(index) }));
      await store.writeMetrics(many);
      await expect(ask(store, { name, groupBy: ['n'] })).rejects.toThrow(QueryTooLargeError);
      expect(await total(store, { name, aggregation: 'COUNT' })).toBe(1_002);
    },
  },
  {
    title: 'the catalog has each metric of a day with its kind, unit, description and attributes',
    async run({ store }) {
      const [sum, level] = [unique('metric'), unique('metric')];
      const described = { unit: '{task}', description: 'Tasks that\nended' };
      await store.writeMetrics([
        metric({ name: sum, ...described, attributes: { route: '/a' }, data: counter(1) }),
        metric({ name: sum, ...described, attributes: { code: 200 }, data: counter(1) }),
        gauge(level, 86_400, 1),
      ]);
      const known = async (from: Date, to: Date) =>
        (await store.catalog(from, to)).filter(({ name }) => name === sum || name === level);
      expect(await known(at(0), at(1))).toEqual([
        {
          name: sum,
          kind: 'counter',
          unit: '{task}',
          description: 'Tasks that ended',
          attributes: ['code', 'route', 'service.instance.id', 'service.name'],
        },
      ]);
      const both = await known(at(0), at(86_400 * SECOND));
      expect(both.map(({ name }) => name)).toEqual([sum, level].sort());
      expect(await known(at(48 * HOUR), at(49 * HOUR))).toEqual([]);
      // The last description stands.
      await store.writeMetrics([metric({ name: sum, unit: 's', description: '', data: counter(2) })]);
      expect((await known(at(0), at(1)))[0]).toMatchObject({ unit: 's', description: '' });
      expect(await ask(store, { name: sum })).toMatchObject({ unit: 's', kind: 'counter', aggregation: 'SUM' });
    },
  },
  {
    title: 'a question can be ended',
    async run({ store }) {
      const name = unique('metric');
      await store.writeMetrics([gauge(name, 1, 1)]);
      await expect(ask(store, { name, signal: AbortSignal.abort() })).rejects.toThrow();
    },
  },
  ...METRIC_HOURS,
];
