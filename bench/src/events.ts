import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '@tracepost/contracts';
import { openPostgresRecordStore, openSqliteRecordStore } from '@tracepost/store-sql';
import type { EventEntry } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { v7 } from 'uuid';
import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv } from './harness/contenders.ts';
import { loadHttp } from './harness/http-load.ts';
import { startBenchPostgres } from './harness/postgres.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';
import { startVariant } from './harness/variant.ts';

// How many events and metrics a second the gateway takes (202 after the broker's confirm), one by one and a hundred at a time, and
// how many the analyst's store takes.
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 64;
const AT_ONCE = 100;
const STORED_A_ROUND = 10_000;
const BATCH = 500;

const event = (n: string) => ({ type: 'OPERATION', source: 'bench', data: { step: 'work', n } });
const metric = (n: number) => ({
  name: 'bench.duration',
  value: n + 0.5,
  unit: 'ms',
  attributes: { region: `r${n % 5}` },
});
const HUNDRED = Array.from({ length: AT_ONCE }, (_, index) => index);
const DOORS = [
  { path: 'events', entries: 1, body: event('[<id>]') },
  { path: 'events', entries: AT_ONCE, body: HUNDRED.map((index) => event(`[<id>]-${index}`)) },
  { path: 'metrics', entries: 1, body: metric(1) },
  { path: 'metrics', entries: AT_ONCE, body: HUNDRED.map(metric) },
];

const doorRows = await measureDoors();
const storeRows = await measureStores();
writeResult(
  'events',
  [
    '# How many events and metrics are recorded a second?',
    '',
    machine(),
    '',
    '## Taken by the gateway',
    '',
    '| request | entries a request | entries a second, median | requests a second | p50 ms | p99 ms | failed | rounds, requests a second |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    ...doorRows,
    '',
    '## Stored for the analyst',
    '',
    '| store | of | entries a second, median | rounds |',
    '| --- | --- | ---: | --- |',
    ...storeRows,
    '',
    `- ${CONNECTIONS} connections, closed loop, 202 after the confirm of a quorum queue, telemetry off; gateway on core 0, load generator and RabbitMQ on core 1. Failed: answers other than 2xx, errors, timeouts.`,
    `- Stored: ${STORED_A_ROUND} entries a round in batches of ${BATCH}, one after the other, each in one transaction with its id; the metrics are of five series. SQLite with synchronous FULL, Postgres with its defaults; nothing pinned but Postgres (core 1).`,
    '- No baseline: numbers to compare with what programs send. The first round is for warming up and does not count.',
    '',
  ].join('\n'),
);

async function measureDoors(): Promise<string[]> {
  const broker = await startBenchBroker();
  const env = { ...brokerEnv(broker), TRACEPOST_TELEMETRY: 'off' };
  const gateway = await startVariant({
    name: 'ours',
    file: 'our-gateway.ts',
    env,
    nodeArgs: ['--import', '@tracepost/telemetry/start'],
  });
  try {
    const origin = new URL(gateway.ready.url ?? '').origin;
    const rows: string[] = [];
    for (const { path, entries, body } of DOORS) {
      const results: Awaited<ReturnType<typeof loadHttp>>[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        const result = await loadHttp({
          url: `${origin}/api/v1/${path}`,
          body: JSON.stringify(body),
          seconds: SECONDS,
          connections: CONNECTIONS,
          isVaried: path === 'events',
        });
        await broker.purge(['analyst']);
        if (round > 0) results.push(result);
      }
      const of = (pick: (result: (typeof results)[number]) => number) => median(results.map(pick));
      const perSecond = of((result) => result.perSecond);
      const failed = results.reduce((sum, result) => sum + result.failed, 0);
      const raw = results.map((result) => Math.round(result.perSecond)).join(' ');
      rows.push(
        `| POST /api/v1/${path} | ${entries} | ${Math.round(perSecond * entries)} | ${Math.round(perSecond)} | ${of((result) => result.p50Ms)} | ${of((result) => result.p99Ms)} | ${failed} | ${raw} |`,
      );
    }
    return rows;
  } finally {
    await gateway.stop();
    await broker.stop();
  }
}

async function measureStores(): Promise<string[]> {
  const telemetry = createTelemetry({ serviceName: 'bench' });
  const postgres = await startBenchPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-bench-'));
  const stores = {
    SQLite: await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry }),
    Postgres: await openPostgresRecordStore({ ...postgres, host: '127.0.0.1', telemetry, waitMs: 30_000 }),
  };
  try {
    const rows: string[] = [];
    for (const [name, { events }] of Object.entries(stores)) {
      for (const what of ['events', 'metrics'] as const) {
        const rates: number[] = [];
        for (let round = 0; round <= ROUNDS; round++) {
          const entries = Array.from({ length: STORED_A_ROUND }, (_, index) => makeEntry(what, index));
          const began = performance.now();
          for (let start = 0; start < entries.length; start += BATCH)
            await events.record(entries.slice(start, start + BATCH));
          if (round > 0) rates.push(entries.length / ((performance.now() - began) / 1_000));
        }
        rows.push(`| ${name} | ${what} | ${Math.round(median(rates))} | ${rates.map(Math.round).join(' ')} |`);
      }
    }
    return rows;
  } finally {
    await Promise.all(Object.values(stores).map((store) => store.close()));
    await postgres.stop();
  }
}

function makeEntry(what: 'events' | 'metrics', index: number): EventEntry {
  const told = {
    eventId: v7(),
    source: 'bench',
    timestamp: new Date().toISOString(),
    severity: null,
    correlationId: null,
    traceId: null,
  } satisfies Partial<RecordedEvent>;
  if (what === 'events')
    return { event: { ...told, type: 'OPERATION', data: { step: 'work', n: index } }, sample: null };
  const { name, value, unit, attributes } = metric(index % 100);
  const sample = { name, value, unit, kind: 'histogram' as const, attributes };
  return { event: { ...told, type: 'METRIC', data: sample }, sample };
}
