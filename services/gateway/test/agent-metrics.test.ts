import type { AgentMetrics, Problem, TaskEvent } from '@tracepost/contracts';
import { StoreUnavailableError } from '@tracepost/stores';
import { beforeAll, describe, expect, test } from 'vitest';
import { readWindowAsked } from '../src/routes/agent-metrics.ts';
import { givenEvent } from './helpers/given.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();
const AT = '2026-11-21T09:00';
const metrics = <T = AgentMetrics>(query: string, agentId = 'weather') =>
  world().get<T>(`/api/v1/agents/${agentId}/metrics${query}`);

describe('the metrics of an agent', () => {
  beforeAll(async () => {
    const usage = (costUsd: number, unpricedCalls = 0) => ({
      usage: {
        inputTokens: 1,
        outputTokens: 1,
        cacheReadTokens: 0,
        modelCalls: 1,
        toolCalls: 0,
        costUsd,
        unpricedCalls,
      },
    });
    const events: TaskEvent[] = [
      { ...givenEvent('a', 'succeeded', { second: 1 }), ...usage(0.1) },
      { ...givenEvent('b', 'succeeded', { second: 2 }), ...usage(0.2, 1) },
      givenEvent('c', 'timed_out', { second: 4 }),
      givenEvent('d', 'cancelled', { second: 30 }),
      givenEvent('e', 'started', { second: 5 }),
    ];
    // Once more: what is told twice counts once.
    for (const batch of [events, events]) await world().records.applyTaskEvents(batch);
  });

  test('are those of the tasks that ended within the range that is asked for', async () => {
    const { status, headers, body } = await metrics(`?from=${AT}:00Z&to=${AT}:10Z`);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const { performance, ...figures } = body;
    expect(figures).toEqual({
      agentId: 'weather',
      window: null,
      timeRange: { start: `${AT}:00.000Z`, end: `${AT}:10.000Z` },
      totalTasks: 3,
      successfulTasks: 2,
      failedTasks: 1,
      successRate: 2 / 3,
      costs: { totalCostUsd: 0.3, averageCostPerTaskUsd: 0.1, unpricedTasks: 1 },
    });
    expect(performance.averageResponseTimeMs).toBe(2_333.333);
    for (const [told, right] of [
      [performance.p50ResponseTimeMs, 2_000],
      [performance.p95ResponseTimeMs, 4_000],
      [performance.p99ResponseTimeMs, 4_000],
    ] as const) {
      expect(Math.abs((told ?? Number.NaN) - right)).toBeLessThanOrEqual(0.008 * right);
    }
    const day = await metrics(`?from=2026-11-21&to=${AT}:31Z`);
    expect(day.body).toMatchObject({ totalTasks: 4, successfulTasks: 2, failedTasks: 1, successRate: 0.5 });
  });

  test('are zeros and nulls where nothing ended', async () => {
    const { status, body } = await metrics('?from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:01Z');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      totalTasks: 0,
      successRate: null,
      performance: { averageResponseTimeMs: null, p99ResponseTimeMs: null },
      costs: { totalCostUsd: 0, averageCostPerTaskUsd: null, unpricedTasks: 0 },
    });
  });

  test('are those of a window that ends now, of a day when none is named', async () => {
    for (const [query, window, ms] of [
      ['?window=1h', '1h', 3_600_000],
      ['', '24h', 86_400_000],
      ['?window=7d', '7d', 7 * 86_400_000],
      ['?window=30d', '30d', 30 * 86_400_000],
    ] as const) {
      const before = Date.now();
      const { body } = await metrics(query);
      const [start, end] = [Date.parse(body.timeRange.start), Date.parse(body.timeRange.end)];
      expect([body.window, end - start]).toEqual([window, ms]);
      expect(end).toBeGreaterThanOrEqual(before);
      expect(end).toBeLessThanOrEqual(Date.now());
    }
  });

  test('of an agent that nobody has heard of are not there', async () => {
    const { status, body } = await metrics<Problem>('', 'nobody');
    expect([status, body.code]).toEqual([404, 'AGENT_NOT_FOUND']);
  });

  test('are refused for windows that are none, with what would be right', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    for (const [query, pointer, message] of [
      ['?window=2h', '/window', '1h'],
      [`?window=1h&from=${AT}:00Z`, '/window', 'either it or those two'],
      [`?to=${AT}:00Z`, '/to', 'needs a "from"'],
      [`?from=${AT}:10Z&to=${AT}:10Z`, '/from', 'before "to"'],
      [`?from=${AT}:11Z&to=${AT}:10Z`, '/from', 'before "to"'],
      ['?from=2026-02-30', '/from', 'does not exist'],
      [`?from=${soon}`, '/from', 'future'],
      [`?from=${AT}:00Z&to=${soon}`, '/to', 'future'],
      ['?from=2016-01-01&to=2026-01-01', '/from', '400 days'],
      ['?from=yesterday', '/from', ''],
      ['?windows=1h', '/windows', ''],
    ]) {
      const { status, body } = await metrics<Problem>(query ?? '');
      expect([query, status, body.code]).toEqual([query, 400, 'INVALID_REQUEST']);
      expect(body.errors?.[0]?.pointer).toBe(pointer);
      expect(body.errors?.[0]?.message).toContain(message);
    }
  });

  test('end now, also by a clock that is a little ahead', () => {
    const nowMs = Date.parse(`${AT}:00.000Z`);
    const asked = readWindowAsked({ from: '2026-11-21', to: `${AT}:30Z` }, nowMs);
    expect(asked).toEqual({ window: null, fromMs: Date.parse('2026-11-21T00:00:00Z'), toMs: nowMs + 30_000 });
    expect(readWindowAsked({ from: '2026-11-21' }, nowMs)).toMatchObject({ toMs: nowMs });
  });
});

describe('with a store that does not answer', () => {
  const away = useWorld({
    replace: () => ({
      rollups: { readWindow: () => Promise.reject(new StoreUnavailableError('sql', 'the disk is full')) },
    }),
  });

  test('the metrics of an agent are told to be away, and when to come again', async () => {
    const { status, headers, body } = await away().get<Problem>('/api/v1/agents/weather/metrics');
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'RECORDS_UNAVAILABLE', '2']);
  });
});
