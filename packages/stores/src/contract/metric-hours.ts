import { expect } from 'vitest';
import type { MetricQuestion } from '../metrics/question.ts';
import { ask, counts, gauge, HOUR, MINUTE, total } from './metric-asking.ts';
import type { MetricStoreSubject } from './metric-store.ts';
import { at, unique } from './sample-signals.ts';
import type { Property } from './signal-property.ts';

/** Of hours that were put together, in a store that does so. */
export const METRIC_HOURS: readonly Property<MetricStoreSubject>[] = [
  {
    title: 'hours that were put together answer as their points do, also after points have come late',
    timeoutMs: 120_000,
    async run({ store }) {
      const name = unique('metric');
      const route = (value: string) => ({ route: value });
      const day = (index: number): [number, number, number] => [-60, index * 1_200 + 7, index * index];
      await store.writeMetrics([
        ...counts(name, route('/a'), [...Array.from({ length: 12 }, (_, index) => day(index))]),
        ...counts(name, route('/b'), [
          [4_000, 5_000, 50],
          [4_000, 9_000, 51],
        ]),
      ]);
      const questions: readonly Partial<MetricQuestion>[] = [
        { from: at(0), to: at(4 * HOUR) },
        { from: at(10 * MINUTE), to: at(4 * HOUR - 1) },
        { from: at(0), to: at(4 * HOUR), everyMs: HOUR, groupBy: ['route'] },
        { from: at(-3 * HOUR), to: at(5 * HOUR), everyMs: 2 * HOUR, aggregation: 'RATE' },
        { from: at(0), to: at(4 * HOUR), everyMs: 20 * MINUTE },
      ];
      const askAll = () => Promise.all(questions.map((question) => ask(store, { name, ...question })));
      const asPoints = await askAll();
      expect(await store.rollUp(at(3 * HOUR))).toMatchObject({ late: expect.any(Number) });
      expect(await askAll()).toEqual(asPoints);
      // The same points again change nothing; others are counted at once, and after the next roll-up too.
      // One comes between two that lie in different hours: what the second adds is less than was put together.
      await store.writeMetrics(counts(name, route('/b'), [[4_000, 5_000, 50]]));
      expect(await askAll()).toEqual(asPoints);
      await store.writeMetrics([
        ...counts(name, route('/b'), [[4_000, 6_000, 50.5]]),
        ...counts(name, route('/c'), [
          [3_000, 3_500, 8],
          [3_000, 6_500, 16],
        ]),
      ]);
      const withLate = await askAll();
      expect(await total(store, { name, to: at(4 * HOUR) })).toBe(121 + 51 + 16);
      expect((await store.rollUp(at(3 * HOUR))).late).toBeGreaterThan(0);
      expect(await askAll()).toEqual(withLate);
      expect(await store.rollUp(at(3 * HOUR))).toEqual({ hours: 0, late: 0 });
      expect(await store.rollUp(at(4 * HOUR))).toEqual({ hours: 1, late: 0 });
      expect(await askAll()).toEqual(withLate);
    },
  },
  {
    title: 'points that come late while hours are put together are missing from none of them',
    timeoutMs: 120_000,
    async run({ store }) {
      const [name, other] = [unique('metric'), unique('metric')];
      const hours = 20;
      await store.writeMetrics([gauge(name, 1, 1)]);
      await store.rollUp(at(hours * HOUR));
      let isWriting = true;
      const rolling = (async () => {
        while (isWriting) {
          await store.rollUp(at(hours * HOUR));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      // Each to an hour of its own. The others make the batch long: its point is on its way while hours are done again.
      const others = Array.from({ length: 700 }, (_, index) => gauge(other, 2, index, { n: String(index % 10) }));
      try {
        for (let hour = 1; hour < hours; hour++)
          await store.writeMetrics([...others, gauge(name, hour * 3_600 + 1, 1)]);
      } finally {
        isWriting = false;
        await rolling;
      }
      const counted = () => total(store, { name, to: at(hours * HOUR), aggregation: 'COUNT' });
      expect(await counted()).toBe(hours);
      await store.rollUp(at(hours * HOUR));
      expect(await counted()).toBe(hours);
      expect(await store.rollUp(at(hours * HOUR))).toEqual({ hours: 0, late: 0 });
    },
  },
];
