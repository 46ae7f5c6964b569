import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EventList } from '@tracepost/contracts';
import { openSqliteRecordStore } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, test } from 'vitest';
import { freePorts } from '../end-to-end/free-ports.ts';
import { type ServiceProcess, startProcess } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const KILLS = 4;
const CLIENTS = 8;

test('one process that is killed again and again has every value that it answered with 202, and each once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-recording-'));
  const { process: house, url } = await startHouse(folder);
  const name = `killed.${randomUUID()}`;
  const stopping = new AbortController();
  let value = 0;
  let sum = 0;
  const client = async (): Promise<number> => {
    let taken = 0;
    while (!stopping.signal.aborted) {
      const mine = ++value;
      // Until it is taken, under one id: whoever was killed in between may have it or not.
      await untilTaken(`${url}/api/v1/metrics`, { name, value: mine, source: name, eventId: `${name}-${mine}` });
      sum += mine;
      taken++;
    }
    return taken;
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(300 + Math.random() * 500);
    await house.kill();
    await house.start();
  }
  await sleep(300);
  stopping.abort();
  const taken = (await Promise.all(clients)).reduce((all, one) => all + one, 0);

  const deadline = Date.now() + 30_000;
  let found = 0;
  while (found < taken && Date.now() < deadline) {
    found = await countEvents(url, name);
    await sleep(50);
  }
  expect(taken).toBeGreaterThan(100);
  expect(await countEvents(url, name)).toBe(taken);
  await house[Symbol.asyncDispose]();
  const records = await openSqliteRecordStore({
    path: join(folder, 'records.db'),
    telemetry: createTelemetry({ serviceName: 'test' }),
  });
  const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 60_000) };
  const question = { name, ...window, everyMs: null, groupBy: [], where: {} };
  const { series } = await records.recordedMetrics.querySamples(question);
  expect(series[0]?.points[0]).toMatchObject({ count: taken, sum });
  await records.close();
  await rm(folder, { recursive: true, maxRetries: 3 });
}, 180_000);

async function startHouse(folder: string): Promise<{ process: ServiceProcess; url: string }> {
  const [port = 0, otlpGrpc = 0, otlpHttp = 0] = await freePorts(3);
  const url = `http://127.0.0.1:${port}`;
  const process = await startProcess({
    name: 'standalone',
    entry: join(root, 'services/standalone/src/main.ts'),
    cwd: join(root, 'services/standalone'),
    env: {
      TRACEPOST_TELEMETRY: 'embedded',
      TRACEPOST_LOG_LEVEL: 'silent',
      TRACEPOST_PORT: String(port),
      TRACEPOST_OTLP_GRPC_PORT: String(otlpGrpc),
      TRACEPOST_OTLP_HTTP_PORT: String(otlpHttp),
      TRACEPOST_DATA_DIR: folder,
      TRACEPOST_AGENTS: 'weather',
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
    },
    isReady: async () => (await fetch(`${url}/health/live`).catch(() => null))?.ok === true,
  });
  return { process, url };
}

async function untilTaken(url: string, body: unknown): Promise<void> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (answer?.status === 202) return;
    await answer?.text();
    await sleep(20);
  }
  throw new Error('never taken');
}

async function countEvents(url: string, source: string): Promise<number> {
  let count = 0;
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${url}/api/v1/events?source=${source}&limit=1000${cursor}`);
    const { items, nextCursor } = (await answer.json()) as EventList;
    count += items.length;
    if (nextCursor === null) return count;
    cursor = `&cursor=${nextCursor}`;
  }
}
