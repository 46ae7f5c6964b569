import type { MetricSeriesAnswer, StatusView } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OneProcess, startAsProcess } from './start-as-process.ts';

let one: OneProcess;

/** Its own telemetry off, and two series for each metric. */
beforeAll(async () => {
  one = await startAsProcess({
    TRACEPOST_TELEMETRY: 'off',
    TRACEPOST_SERIES_PER_METRIC: '2',
    TRACEPOST_AGENTS: 'weather',
  });
}, 60_000);

afterAll(() => one.stop());

test('telemetry that was turned off is called off, and the process well', async () => {
  const status = () => read<StatusView>('/api/v1/status');
  await until(async () =>
    (await status()).checks.every((check) => check.status === 'healthy' || check.status === 'off'),
  );
  const { status: whole, checks } = await status();
  expect(whole).toBe('healthy');
  expect(checks.find(({ name }) => name === 'telemetry')).toMatchObject({
    status: 'off',
    message: expect.stringContaining('TRACEPOST_TELEMETRY'),
  });
});

test('series of other programs past the limit that was set are counted together', async () => {
  const now = BigInt(Date.now()) * 1_000_000n;
  const dataPoints = [1, 2, 3, 4, 5].map((asDouble) => ({
    attributes: [{ key: 'user', value: { stringValue: `u${asDouble}` } }],
    startTimeUnixNano: String(now),
    timeUnixNano: String(now + 1_000_000n),
    asDouble,
  }));
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints };
  const answer = await fetch(`${one.otlp.http}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'orders', sum }] }] }] }),
  });
  expect(await answer.json()).toEqual({});
  await until(async () => (await byUser()).length > 0);
  expect(await byUser()).toEqual([
    [{ 'otel.metric.overflow': 'true' }, 12],
    [{ user: 'u1' }, 1],
    [{ user: 'u2' }, 2],
  ]);
});

async function byUser() {
  const { series } = await read<MetricSeriesAnswer>(
    '/api/v1/metrics/orders?groupBy=user,otel.metric.overflow&aggregation=SUM',
  );
  return series.map(({ attributes, points }) => [attributes, points[0]?.[1]]);
}

async function read<T>(path: string): Promise<T> {
  return (await (await fetch(`${one.url}${path}`)).json()) as T;
}
