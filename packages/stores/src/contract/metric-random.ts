import type { MetricSignal } from '@tracepost/contracts';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { MetricAnswer } from '../metrics/question.ts';
import type { MetricStoreSubject } from './metric-store.ts';
import { at, metric, nanos, originOf, unique } from './sample-signals.ts';
import type { Property } from './signal-property.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BOUNDS = [1, 5, 10];
const RUNS = 6;

/** A process that counts from zero and tells what it has counted, now and then. */
interface Life {
  readonly instance: string;
  /** Minutes after the beginning of the sample. */
  readonly start: number;
  readonly exports: readonly { readonly minute: number; readonly observed: readonly number[] }[];
}

export const RANDOM_METRICS: Property<MetricStoreSubject> = {
  title: 'random processes, whose points come late, repeated and in any order, are counted as they happened',
  timeoutMs: 180_000,
  async run({ store }) {
    const scene = fc.record({
      lives: fc.array(instanceLives(), { minLength: 1, maxLength: 3 }),
      order: fc.infiniteStream(fc.nat(1_000_000)),
      rollUps: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
      from: fc.integer({ min: -30, max: 200 }),
      length: fc.integer({ min: 1, max: 400 }),
      everyMinutes: fc.constantFrom(null, 30, 60, 120),
    });
    await fc.assert(
      fc.asyncProperty(scene, async ({ lives: instances, order, rollUps, from, length, everyMinutes }) => {
        const lives = instances.flatMap((one, index) => one.map((life) => ({ ...life, instance: `i-${index}` })));
        const name = unique('random');
        const once = lives.flatMap((life) => pointsOf(name, life));
        const repeated = once.filter((_, index) => index % 3 === 0);
        const points = shuffled([...once, ...repeated], order);
        const parts = rollUps.length + 1;
        for (const [part, hour] of [...rollUps, null].entries()) {
          await store.writeMetrics(points.filter((_, index) => index % parts === part));
          if (hour !== null) await store.rollUp(at(hour * HOUR));
        }
        const range = { from: at(from * MINUTE), to: at((from + length) * MINUTE) };
        const everyMs = everyMinutes === null ? null : everyMinutes * MINUTE;
        const ask = async (groupBy: readonly string[], aggregation: 'COUNT' | 'SUM' | 'P50' | 'P95') =>
          valuesOf(await store.queryMetric({ name, ...range, everyMs, groupBy, where: {}, aggregation }));
        const expected = (aggregation: string, chosen: readonly Life[]) =>
          recomputed(chosen, { from, to: from + length, every: everyMinutes }, aggregation);

        for (const isRolled of [false, true]) {
          if (isRolled) await store.rollUp(at(7 * HOUR));
          for (const aggregation of ['COUNT', 'SUM', 'P50', 'P95'] as const)
            expect((await ask([], aggregation)).get('{}')).toEqual(expected(aggregation, lives));
          const groups = await ask(['service.instance.id'], 'COUNT');
          for (const [group, values] of groups) {
            const { 'service.instance.id': instance } = JSON.parse(group) as Record<string, string>;
            expect(values).toEqual(
              expected(
                'COUNT',
                lives.filter((life) => life.instance === instance),
              ),
            );
          }
        }
      }),
      { numRuns: RUNS },
    );
  },
};

/** One life after the other, within about six hours. */
function instanceLives(): fc.Arbitrary<Omit<Life, 'instance'>[]> {
  const minutes = fc.integer({ min: 1, max: 50 });
  const step = fc.record({ minutes, observed: fc.array(fc.constantFrom(0.5, 1, 3, 7.25, 20), { maxLength: 4 }) });
  const life = fc.record({
    pause: fc.integer({ min: 1, max: 40 }),
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  });
  return fc.array(life, { minLength: 1, maxLength: 2 }).map((lives) => {
    let minute = 0;
    return lives.map(({ pause, steps }) => {
      minute += pause;
      const start = minute;
      const exports = steps.map(({ minutes: later, observed }) => {
        minute += later;
        return { minute, observed };
      });
      return { start, exports };
    });
  });
}

function pointsOf(name: string, { instance, start, exports }: Life): MetricSignal[] {
  const all: number[] = [];
  return exports.map(({ minute, observed }) => {
    all.push(...observed);
    return metric({
      name,
      origin: originOf('tracepost-test', instance),
      startTimeUnixNano: nanos(start * MINUTE),
      timeUnixNano: nanos(minute * MINUTE),
      data: {
        type: 'histogram',
        temporality: 'cumulative',
        count: all.length,
        sum: sumOf(all),
        min: null,
        max: null,
        bounds: BOUNDS,
        bucketCounts: bucketsOf(all),
      },
    });
  });
}

interface Windows {
  readonly from: number;
  readonly to: number;
  readonly every: number | null;
}

/** From what was observed, without a look at any point: what was told in a window happened in it. Minutes throughout. */
function recomputed(lives: readonly Life[], { from, to, every }: Windows, aggregation: string): (number | null)[] {
  const epoch = at(0).getTime() / MINUTE;
  const first = every === null ? from : Math.floor((epoch + from) / every) * every - epoch;
  const values: (number | null)[] = [];
  for (let start = first; start < to; start += every ?? to - from) {
    const [begin, end] = [Math.max(from, start), Math.min(to, every === null ? to : start + every)];
    const observed = lives.flatMap(({ exports }) =>
      exports.filter(({ minute }) => minute >= begin && minute < end).flatMap((one) => one.observed),
    );
    if (aggregation === 'COUNT') values.push(observed.length);
    else if (aggregation === 'SUM') values.push(sumOf(observed));
    else values.push(percentile(aggregation === 'P50' ? 0.5 : 0.95, bucketsOf(observed)));
  }
  return values;
}

function percentile(q: number, buckets: readonly number[]): number | null {
  const rank = q * sumOf(buckets);
  if (rank === 0) return null;
  let below = 0;
  for (const [index, bound] of BOUNDS.entries()) {
    const inside = buckets[index] ?? 0;
    const lower = index === 0 ? 0 : (BOUNDS[index - 1] ?? 0);
    if (inside > 0 && below + inside >= rank) return lower + (bound - lower) * ((rank - below) / inside);
    below += inside;
  }
  return BOUNDS.at(-1) ?? null;
}

function bucketsOf(observed: readonly number[]): number[] {
  const buckets = [...BOUNDS.map(() => 0), 0];
  for (const value of observed) {
    const index = BOUNDS.findIndex((bound) => value <= bound);
    const place = index === -1 ? BOUNDS.length : index;
    buckets[place] = (buckets[place] ?? 0) + 1;
  }
  return buckets;
}

function valuesOf(answer: MetricAnswer): Map<string, (number | null)[]> {
  if (answer.status !== 'answered') throw new Error('refused');
  return new Map(
    answer.series.map(({ attributes, points }) => [JSON.stringify(attributes), points.map(({ value }) => value)]),
  );
}

function shuffled<T>(items: readonly T[], order: fc.Stream<number>): T[] {
  const keys = [...order.take(items.length)];
  return items
    .map((item, index) => ({ item, key: keys[index] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
