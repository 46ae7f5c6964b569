import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalSignalStore, openLocalSignalStore } from '@tracepost/store-local';
import { createTelemetry, withSpan } from '@tracepost/telemetry';
import { attach, flush, losses, stop } from '@tracepost/telemetry/start';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Analyst, createAnalyst } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'tracepost-gateway' });
let folder: string;
let store: LocalSignalStore;
let analyst: Analyst;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analyst-'));
  const own = createTelemetry({ serviceName: 'tracepost-analyst' });
  store = await openLocalSignalStore({ path: join(folder, 'telemetry.db'), telemetry: own });
  analyst = createAnalyst({ ...store, traceSummaries: null, telemetry: own });
  attach(analyst.sink);
});

afterAll(async () => {
  await stop();
  await analyst.close();
  await store.close();
  await rm(folder, { recursive: true });
});

describe('in one process', () => {
  it('a span, its log line and a metric are found in the local store', async () => {
    const traceId = await withSpan(telemetry, { name: 'outer' }, (outer) =>
      withSpan(telemetry, { name: 'inner', attributes: { mail: 'me@example.org' } }, () => {
        telemetry.logger.info({ layer: 'gateway', taskId: 't-1' }, 'said by me@example.org');
        telemetry.metrics.add('weather.requests', 3, { 'weather.location': 'Lisbon' });
        return outer.spanContext().traceId;
      }),
    );
    expect(await flush()).toBe(true);

    // By name: spans that begin in the same millisecond come in any order.
    const spans = (await store.traces.getTrace(traceId)).sort((a, b) => b.name.localeCompare(a.name));
    expect(spans.map(({ name, service }) => [name, service])).toEqual([
      ['outer', 'tracepost-gateway'],
      ['inner', 'tracepost-gateway'],
    ]);
    expect(spans[1]).toMatchObject({ parentSpanId: spans[0]?.spanId, attributes: { mail: '****' } });

    const logs = await store.logs.queryLogs({ traceId, ...always, limit: 10 });
    expect(logs).toMatchObject([{ message: 'said by ****', taskId: 't-1', spanId: spans[1]?.spanId }]);

    const points = await store.metrics.readPoints({ name: 'weather.requests', ...always, limit: 10 });
    expect(points[0]).toMatchObject({ attributes: { 'weather.location': 'Lisbon' }, fields: { counter: 3 } });
    expect(losses()).toEqual([]);
  });

  it('what was stored is counted, and found as a metric in its turn', async () => {
    await flush();
    await flush();
    const points = await store.metrics.readPoints({ name: 'tracepost.ingest.stored', ...always, limit: 100 });
    const spans = points.filter(({ attributes }) => attributes['tracepost.signal'] === 'spans');
    expect(spans[0]).toMatchObject({ service: 'tracepost-analyst', fields: { counter: 2 } });
  });

  it('storing makes no spans and no lines: what telemetry says of itself does not grow', async () => {
    const sizes: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await flush();
      const logs = await store.logs.queryLogs({ service: 'tracepost-analyst', ...always, limit: 1_000 });
      sizes.push(logs.length);
    }
    expect(new Set(sizes)).toEqual(new Set([sizes[0]]));
    const own = await store.metrics.readPoints({ name: 'tracepost.ingest.stored', ...always, limit: 1_000 });
    const spans = own.filter(({ attributes }) => attributes['tracepost.signal'] === 'spans');
    expect(spans[0]?.fields.counter).toBe(2);
  });
});

const always = { from: new Date(0), to: new Date('2100-01-01') };
