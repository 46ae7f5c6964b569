import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MetricSeriesAnswer, StatusView } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
let child: ChildProcess;
let url: string;
let otlpUrl: string;

/** Its own telemetry off, and two series for each metric. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-silent-'));
  child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRACEPOST_TELEMETRY: 'off',
      TRACEPOST_SERIES_PER_METRIC: '2',
      TRACEPOST_PORT: '0',
      TRACEPOST_OTLP_GRPC_PORT: 'off',
      TRACEPOST_OTLP_HTTP_PORT: '0',
      TRACEPOST_DATA_DIR: join(folder, 'data'),
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_AGENTS: 'weather',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.once('exit', () => reject(new Error(`it did not start: ${said}`)));
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      said += part;
      if (said.includes('/api/docs')) resolve(said);
    });
  });
  [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
  [, otlpUrl = ''] = /(http:\/\/127\.0\.0\.1:\d+) \(HTTP\)/.exec(told) ?? [];
}, 60_000);

afterAll(async () => {
  if (child.exitCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  }
  await rm(folder, { recursive: true, force: true });
});

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
  const answer = await fetch(`${otlpUrl}/v1/metrics`, {
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
  return (await (await fetch(`${url}${path}`)).json()) as T;
}
