import { DatabaseSync } from 'node:sqlite';
import type { LogSignal, MetricSignal, Origin, SpanSignal } from '@tracepost/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocalSignalStore, Purges } from '../src/index.ts';
import { OLD_POINTS } from '../src/purge.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP = { spanDays: 30, logDays: 14, metricDays: 31, metricHourDays: 400 };
const now = Date.now();
const origin: Origin = { service: 's', resource: {}, scopeName: '', scopeVersion: '' };

describe('what is too old of the telemetry of an embedded installation', () => {
  let opened: TestStore;
  beforeEach(async () => {
    opened = await openTestStore({ keep: KEEP });
  });
  afterEach(() => opened.close());

  test('is forgotten so long after it came, however old the time is that it tells of', async () => {
    const { store } = opened;
    await store.traces.writeSpans([span(1, now - 300 * DAY)]);
    await store.logs.writeLogs([log(1, now - 300 * DAY)]);
    await purge(store, now);
    expect(counts()).toMatchObject({ spans: 1, logs: 1 });
    await store.traces.writeSpans([span(2, now)]);
    await store.logs.writeLogs([log(2, now)]);
    await purge(store, now + DAY);
    await purge(store, now + 14 * DAY + HOUR);
    expect(counts()).toMatchObject({ spans: 2, logs: 1 });
    await purge(store, now + 29 * DAY);
    expect(counts()).toMatchObject({ spans: 2, logs: 0 });
    await purge(store, now + 30 * DAY + HOUR);
    expect(counts()).toMatchObject({ spans: 1 });
    await purge(store, now + 31 * DAY + HOUR);
    expect(counts()).toMatchObject({ spans: 0 });
  });

  test('takes nothing along that came into the emptied table, whose ids begin again', async () => {
    const { store } = opened;
    await store.traces.writeSpans([1, 2, 3, 4].map((id) => span(id, now)));
    for (let day = 0; day <= 31; day++) await purge(store, now + day * DAY);
    expect(counts()).toMatchObject({ spans: 0 });
    await store.traces.writeSpans([span(9, now)]);
    await purge(store, now + 33 * DAY);
    expect(counts()).toMatchObject({ spans: 1 });
  });

  test('is forgotten in portions, each of which says how much it was', async () => {
    const { store } = opened;
    const many = Array.from({ length: 5_100 }, (_, id) => span(id + 1, now));
    await store.traces.writeSpans(many);
    const { spans } = store.purges as Purges;
    expect(await spans(now)).toBe(0);
    expect(await spans(now + 31 * DAY)).toBe(5_000);
    expect(await spans(now + 31 * DAY)).toBe(100);
    expect(await spans(now + 31 * DAY)).toBe(0);
  });

  test('are points of metrics, once whole hours hold them, and much later those hours', async () => {
    const { store } = opened;
    await store.metrics.writeMetrics([point(now - 30 * DAY, 1), point(now - 29 * DAY, 5), point(now - HOUR, 7)]);
    await purge(store, now + 10 * DAY);
    expect(counts(), 'nothing holds them yet').toMatchObject({ metric_points: 3 });
    await store.metrics.rollUp(new Date(now - 2 * HOUR));
    const hours = counts().metric_hours ?? 0;
    expect(hours).toBeGreaterThan(0);
    await purge(store, now + 10 * DAY);
    expect(counts()).toMatchObject({ metric_points: 1, metric_hours: hours });
    await purge(store, now + 372 * DAY);
    expect(counts()).toMatchObject({ metric_points: 1, metric_hours: 0 });
  });

  test('is refused and counted when it is a point that comes too late to be kept', async () => {
    const { metrics } = opened.store;
    const answer = await metrics.writeMetrics([point(now - 32 * DAY, 1), point(now - 30 * DAY, 2)]);
    expect(answer).toEqual({
      status: 'taken',
      refused: [{ signal: 'metrics', reason: 'outside_retention', count: 1 }],
    });
    expect(counts()).toMatchObject({ metric_points: 1 });
    expect(await metrics.writeMetrics([point(now - 32 * DAY, 1)])).toMatchObject({
      refused: [{ reason: 'outside_retention', count: 1 }],
    });
  });

  test('takes a series along once neither points nor hours of it are left, and nobody waits for that', async () => {
    const { store } = opened;
    const { metrics } = store;
    await metrics.writeMetrics([point(now - 30 * DAY, 1, 'old'), point(now - HOUR, 7, 'live')]);
    await metrics.rollUp(new Date(now - 2 * HOUR));
    await purge(store, now + 10 * DAY);
    expect(counts(), 'its hours are there still').toMatchObject({ metric_points: 1, series: 2 });
    await purge(store, now + 371 * DAY);
    expect(counts()).toMatchObject({ metric_points: 1, metric_hours: 0, series: 1 });
    // It may speak again.
    await metrics.writeMetrics([point(now - 1, 1, 'old')]);
    expect(counts()).toMatchObject({ metric_points: 2, series: 2 });
    const many = Array.from({ length: 5_100 }, (_, id) => point(now - 30 * DAY, 1, `${id}`));
    await metrics.writeMetrics(many);
    await metrics.rollUp(new Date(now - 2 * HOUR));
    const { metric_points, metric_hours, metric_series } = store.purges as Purges;
    for (const forget of [metric_points, metric_hours]) while ((await forget(now + 371 * DAY)) > 0);
    expect(counts()).toMatchObject({ series: 5_102 });
    for (let left = 5_102; left > 2; left -= await metric_series(now)) expect(counts().series).toBe(left);
    expect(await metric_series(now)).toBe(0);
  });

  test('are no points that came late and no hour holds yet', async () => {
    const { store } = opened;
    await store.metrics.writeMetrics([point(now - 29 * DAY, 5)]);
    await store.metrics.rollUp(new Date(now - 2 * HOUR));
    await store.metrics.writeMetrics([point(now - 30 * DAY, 1)]);
    await purge(store, now + 10 * DAY);
    expect(counts()).toMatchObject({ metric_points: 2 });
    await store.metrics.rollUp(new Date(now - 2 * HOUR));
    await purge(store, now + 10 * DAY);
    expect(counts()).toMatchObject({ metric_points: 0, metric_hours: 2 });
  });

  test('are points of the others too, where hours of one metric cannot be put together, and its own twice as late', async () => {
    const { store } = opened;
    const broken = { ...point(now - 30 * DAY, 1), name: 'broken' };
    await store.metrics.writeMetrics([point(now - 30 * DAY, 1), broken]);
    const file = new DatabaseSync(opened.path);
    file.exec(`UPDATE metric_points SET fields = '{"gau' WHERE series = (SELECT id FROM series WHERE name = 'broken')`);
    file.close();
    expect(await store.metrics.rollUp(new Date(now - 2 * HOUR))).toMatchObject({ failed: [{ name: 'broken' }] });
    await purge(store, now + 10 * DAY);
    expect(counts()).toMatchObject({ metric_points: 1, metric_hours: 1 });
    await purge(store, now + 31 * DAY);
    expect(counts()).toMatchObject({ metric_points: 1 });
    await purge(store, now + 33 * DAY);
    expect(counts()).toMatchObject({ metric_points: 0, metric_hours: 1 });
  });

  test('finds old points of a series without reading the rest', async () => {
    const file = new DatabaseSync(opened.path, { readOnly: true });
    const plan = file
      .prepare(`EXPLAIN QUERY PLAN ${OLD_POINTS}`)
      .all()
      .map(({ detail }) => String(detail))
      .join('\n');
    file.close();
    expect(plan).toContain('metric_points EXISTS USING PRIMARY KEY (series=? AND time_ns<?)');
  });

  function counts(): Record<string, number> {
    const file = new DatabaseSync(opened.path, { readOnly: true });
    const tables = ['spans', 'logs', 'metric_points', 'metric_hours', 'series'];
    const found = tables.map((table) => [table, file.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n] as const);
    file.close();
    return Object.fromEntries(found.map(([table, n]) => [table, Number(n)]));
  }
});

async function purge({ purges }: LocalSignalStore, nowMs: number): Promise<void> {
  for (const forget of Object.values(purges as Purges)) {
    while ((await forget(nowMs)) > 0);
  }
}

function span(id: number, atMs: number): SpanSignal {
  const at = BigInt(atMs) * 1_000_000n;
  return {
    origin,
    traceId: id.toString(16).padStart(32, '0'),
    spanId: id.toString(16).padStart(16, '0'),
    parentSpanId: null,
    name: 'work',
    kind: 'server',
    startTimeUnixNano: at,
    endTimeUnixNano: at + 5n,
    status: { code: 'ok', message: '' },
    attributes: {},
    events: [],
    links: [],
  };
}

function log(id: number, atMs: number): LogSignal {
  const timeUnixNano = BigInt(atMs) * 1_000_000n;
  const body = `line ${id}`;
  return {
    origin,
    timeUnixNano,
    severityNumber: 9,
    severityText: '',
    body,
    attributes: {},
    traceId: null,
    spanId: null,
  };
}

function point(atMs: number, value: number, of = ''): MetricSignal {
  const at = BigInt(atMs) * 1_000_000n;
  return {
    origin,
    name: 'm',
    unit: '1',
    description: '',
    attributes: of === '' ? {} : { of },
    startTimeUnixNano: at - 1_000_000_000n,
    timeUnixNano: at,
    data: { type: 'gauge', value },
  };
}
