import { DatabaseSync } from 'node:sqlite';
import type { MetricSignal } from '@tracepost/contracts';
import { type MetricQuestion, StoreUnavailableError } from '@tracepost/stores';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOURS_OF_SERIES } from '../src/metric-questions.ts';
import { NEWEST_BEFORE, POINTS_OF_SERIES, SERIES_OF_METRIC } from '../src/metric-reader.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const BEGIN = Date.parse('2026-11-20T09:00:00.000Z');
const MINUTE = 60_000;
const THROUGH = new Date(BEGIN + 6 * 60 * MINUTE);

describe('hours of metrics in SQLite', () => {
  let opened: TestStore;
  beforeEach(async () => {
    opened = await openTestStore();
  });
  afterEach(() => opened.close());

  test('are the same to the byte, wherever putting them together was ended and however often it is done again', async () => {
    await opened.store.metrics.writeMetrics(points());
    const { metrics } = opened.store;
    const sizes = new Set<number>();
    let ends = 0;
    for (let steps = 0; ; steps++) {
      const isDone = await metrics.rollUp(THROUGH, endingAfter(steps)).then(
        () => true,
        () => false,
      );
      sizes.add(hours().length);
      if (isDone) break;
      ends++;
    }
    // It was ended between any two series, with some of the hours there and the others not.
    expect(ends).toBeGreaterThan(5);
    expect(sizes.size).toBeGreaterThan(3);
    const once = hours();
    const again = await openTestStore();
    try {
      await again.store.metrics.writeMetrics([...points()].reverse());
      await again.store.metrics.rollUp(THROUGH);
      expect(hours(again.path)).toEqual(once);
    } finally {
      await again.close();
    }
    // Points that are there already are not late.
    await metrics.writeMetrics(points());
    expect(await metrics.rollUp(THROUGH)).toEqual({ hours: 0, late: 0 });
  });

  test('that points come to are read as points until they are done again, after opening the file again too', async () => {
    const { metrics } = opened.store;
    await metrics.writeMetrics(points());
    await metrics.rollUp(THROUGH);
    await metrics.writeMetrics([counter('sold', 0, 'late', 95, 1_000)]);
    await opened.store.close();
    const again = await opened.reopen();
    try {
      const before = await again.metrics.queryMetric(sold());
      expect(before).toMatchObject({ series: [{ points: [{ value: 3 * 701 + 1_000 }] }] });
      expect((await again.metrics.rollUp(THROUGH)).late).toBe(2);
      expect(await again.metrics.queryMetric(sold())).toEqual(before);
    } finally {
      await again.close();
    }
  });

  test('are put together of series that have points in them only: those that are silent cost nothing', async () => {
    const { metrics } = opened.store;
    const instances = Array.from({ length: 20 }, (_, index) => `i-${index}`);
    await metrics.writeMetrics(instances.map((instance) => counter('sold', 0, instance, 5, 1)));
    await metrics.rollUp(new Date(BEGIN + 60 * MINUTE));
    const before = hours();
    await metrics.writeMetrics([counter('sold', 60, 'i-live', 70, 1), counter('returned', 60, 'i-1', 70, 1)]);
    let rolled = 0;
    const counting = { throwIfAborted: () => rolled++ } as unknown as AbortSignal;
    expect(await metrics.rollUp(new Date(BEGIN + 120 * MINUTE), counting)).toEqual({ hours: 1, late: 0 });
    expect(rolled).toBe(2);
    expect(hours()).toEqual(expect.arrayContaining(before));
    expect(hours()).toHaveLength(before.length + 2);
  });

  test('fail alone: those of the others are put together, and the metric is tried again when it can be', async () => {
    const { metrics } = opened.store;
    await metrics.writeMetrics(points());
    const change = (sql: string, ...values: string[]): void => {
      const file = new DatabaseSync(opened.path);
      file.prepare(sql).run(...values);
      file.close();
    };
    const one = `series = (SELECT max(id) FROM series WHERE name = 'sold') AND time_ns = ${BEGIN + 200 * MINUTE}000000`;
    const { fields } = read(`SELECT fields FROM metric_points WHERE ${one}`)[0] as { fields: string };
    change(`UPDATE metric_points SET fields = ? WHERE ${one}`, fields.slice(0, -1));

    const failed = [{ name: 'sold', reason: expect.stringContaining('fields holds no JSON') }];
    expect(await metrics.rollUp(THROUGH)).toEqual({ hours: 6, late: 0, failed });
    expect(await metrics.rollUp(THROUGH), 'it waits').toEqual({ hours: 0, late: 0 });
    const returned = await metrics.queryMetric({ ...sold(), name: 'returned' });
    expect(returned).toMatchObject({ status: 'answered', sampleCount: 3 * 351 });
    await expect(metrics.queryMetric(sold())).rejects.toBeInstanceOf(StoreUnavailableError);
    // What does not need that row is answered, and from the next hour on as ever.
    const from = new Date(BEGIN + 4 * 60 * MINUTE);
    expect(await metrics.queryMetric({ ...sold(), from })).toMatchObject({ status: 'answered' });

    change(`UPDATE metric_points SET fields = ? WHERE ${one}`, fields);
    await opened.store.close();
    const again = await opened.reopen();
    try {
      const before = await again.metrics.queryMetric(sold());
      expect(before).toMatchObject({ series: [{ points: [{ value: 3 * 701 }] }] });
      expect(await again.metrics.rollUp(THROUGH)).toEqual({ hours: 0, late: 6 });
      expect(await again.metrics.queryMetric(sold())).toEqual(before);
    } finally {
      await again.close();
    }
  });

  test('are found by an index, as points and series are', async () => {
    await opened.store.close();
    const file = new DatabaseSync(opened.path, { readOnly: true });
    const planOf = (sql: string) =>
      file
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((step) => String(step.detail))
        .join('\n');
    expect(planOf(HOURS_OF_SERIES)).toBe('SEARCH metric_hours USING PRIMARY KEY (series=? AND hour>? AND hour<?)');
    const bySeries = 'SEARCH metric_points USING PRIMARY KEY (series=? AND time_ns>? AND time_ns<?)';
    expect(planOf(POINTS_OF_SERIES)).toBe(bySeries);
    expect(planOf(NEWEST_BEFORE)).toBe(bySeries);
    expect(planOf(SERIES_OF_METRIC)).toContain('INDEX series_by_name (name=? AND rowid>?)');
    expect(planOf(SERIES_OF_METRIC)).toContain(
      'metric_points USING PRIMARY KEY (series=? AND time_ns>? AND time_ns<?)',
    );
    expect(planOf(SERIES_OF_METRIC)).toContain('metric_hours USING PRIMARY KEY (series=? AND hour>? AND hour<?)');
    file.close();
  });

  function hours(path = opened.path): unknown[] {
    return read(
      'SELECT CAST(series AS TEXT) AS series, hour, shape, tally FROM metric_hours ORDER BY series, hour, shape',
      path,
    );
  }

  function read(sql: string, path = opened.path): unknown[] {
    const file = new DatabaseSync(path, { readOnly: true });
    const rows = file.prepare(sql).all();
    file.close();
    return rows;
  }
});

/** Stands for a process that is killed: ends the work at its n-th look at the signal. */
function endingAfter(steps: number): AbortSignal {
  let left = steps;
  return {
    throwIfAborted() {
      if (left-- === 0) throw new Error('ended');
    },
  } as AbortSignal;
}

function points(): MetricSignal[] {
  const minutes = Array.from({ length: 351 }, (_, index) => index + 1);
  return minutes.flatMap((minute) => [
    ...['i-1', 'i-2', 'i-3'].map((instance) => counter('sold', 0, instance, minute, minute * 2 - (minute % 2))),
    ...['i-1', 'i-2', 'i-3'].map((instance) =>
      counter('returned', minute < 100 ? 0 : 99.5, instance, minute, minute / 3),
    ),
  ]);
}

function sold(): MetricQuestion {
  const from = new Date(BEGIN);
  return { name: 'sold', from, to: THROUGH, everyMs: null, groupBy: [], where: {}, aggregation: 'SUM' };
}

function counter(name: string, start: number, instance: string, minute: number, value: number): MetricSignal {
  return {
    origin: { service: 's', resource: { 'service.instance.id': instance }, scopeName: '', scopeVersion: '' },
    name,
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano: BigInt(BEGIN + start * MINUTE) * 1_000_000n,
    timeUnixNano: BigInt(BEGIN + minute * MINUTE) * 1_000_000n,
    data: { type: 'sum', value, isMonotonic: true, temporality: 'cumulative' },
  };
}
