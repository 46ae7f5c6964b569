import type { MetricPoint, MetricStore } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { checkTelemetry } from '../src/health/checks.ts';
import { createLedger } from '../src/health/ledger.ts';

/** Lately, so that nothing was counted before the ledger looked; and one instant for all. */
const AT = new Date(Date.now() - 1_000).toISOString();

const point = (attributes: Record<string, string>, counter: number, service = 'tracepost-analyst'): MetricPoint => ({
  at: AT,
  service,
  attributes,
  fields: { counter },
});

function givenLedger(points: Record<string, MetricPoint[]>, part: { readonly startMs?: number } = {}) {
  const metrics = { readPoints: async ({ name }: { name: string }) => points[name] ?? [] } as unknown as MetricStore;
  return createLedger({ metrics, records: { countTasks: async () => 12 }, everyMs: 10, ...part });
}

test('of each series the newest point counts, and series are summed', async () => {
  const ledger = givenLedger({
    'tracepost.ingest.stored': [
      point({ 'tracepost.signal': 'spans' }, 30),
      point({ 'tracepost.signal': 'spans' }, 20),
      point({ 'tracepost.signal': 'spans' }, 5, 'another'),
      point({ 'tracepost.signal': 'logs' }, 7),
    ],
    'tracepost.ingest.refused': [point({ 'tracepost.signal': 'spans', 'tracepost.reason': 'invalid_id' }, 2)],
    'tracepost.telemetry.dropped': [
      point({ 'tracepost.signal': 'spans', 'tracepost.reason': 'queue_full' }, 3, 'a'),
      point({ 'tracepost.signal': 'spans', 'tracepost.reason': 'queue_full' }, 4, 'b'),
      point({ 'tracepost.signal': 'logs', 'tracepost.reason': 'queue_full' }, 0),
    ],
    'tracepost.task.executions': [
      point({ 'tracepost.task.status': 'succeeded' }, 9),
      point({ 'tracepost.task.status': 'failed' }, 1),
    ],
  });
  ledger.start();
  await until(() => ledger.read().tasks === 12);
  expect(ledger.read()).toMatchObject({
    recorded: { spans: 35, logs: 7, metrics: 0, events: 0 },
    losses: [
      { signal: 'spans', reason: 'invalid_id', count: 2 },
      { signal: 'spans', reason: 'queue_full', count: 7 },
    ],
    successRate: 0.9,
  });
  ledger.close();
});

describe('the check of telemetry', () => {
  const ON = { isOff: false, everyMs: 5_000 };

  const produced = (agoMs: number): MetricPoint => ({
    ...point({ 'tracepost.signal': 'spans' }, 5),
    at: new Date(Date.now() - agoMs).toISOString(),
  });

  test('is degraded while no report arrives, with its age, and healthy again with the next one', async () => {
    const points = { 'tracepost.telemetry.produced': [produced(42_000)] };
    const ledger = givenLedger(points, { startMs: -60_000 });
    ledger.start();
    await until(() => ledger.read().rows.length > 0);
    expect(checkTelemetry(ledger, ON)).toMatchObject({
      status: 'degraded',
      message: expect.stringMatching(/no report of any process has arrived for 4[2-9] s/),
    });
    points['tracepost.telemetry.produced'].push(produced(0));
    await until(() => ledger.read().silentMs < 30_000);
    expect(checkTelemetry(ledger, ON).status).toBe('healthy');
    ledger.close();
  });

  test('is degraded when there never was one, once a start is over', async () => {
    const fresh = givenLedger({});
    expect(checkTelemetry(fresh, ON).status).toBe('healthy');
    const old = givenLedger({}, { startMs: -31_000 });
    expect(checkTelemetry(old, ON).status).toBe('degraded');
  });

  test('says off where it was turned off, and is of the others where those report', async () => {
    const off = { ...ON, isOff: true };
    const alone = givenLedger({}, { startMs: -31_000 });
    expect(checkTelemetry(alone, off)).toMatchObject({
      status: 'off',
      message: expect.stringContaining('TRACEPOST_TELEMETRY'),
    });
    const points = { 'tracepost.telemetry.produced': [produced(0)] };
    const withOthers = givenLedger(points);
    withOthers.start();
    await until(() => withOthers.read().rows.length > 0);
    expect(checkTelemetry(withOthers, off).status).toBe('healthy');
    withOthers.close();
  });

  test('calls nobody silent who reports as seldom as was set', async () => {
    const points = { 'tracepost.telemetry.produced': [produced(80_000)] };
    const ledger = givenLedger(points, { startMs: -90_000 });
    ledger.start();
    await until(() => ledger.read().rows.length > 0);
    expect(checkTelemetry(ledger, { isOff: false, everyMs: 60_000 }).status).toBe('healthy');
    expect(checkTelemetry(ledger, ON).status).toBe('degraded');
    ledger.close();
  });
});

test('a store that fails or hangs leaves what was known', async () => {
  let mode: 'answers' | 'fails' | 'hangs' = 'answers';
  let reads = 0;
  const metrics = {
    readPoints: () => {
      reads++;
      if (mode === 'fails') return Promise.reject(new Error('away'));
      if (mode === 'hangs') return new Promise(() => undefined);
      return Promise.resolve([point({ 'tracepost.signal': 'spans' }, 8)]);
    },
  } as unknown as MetricStore;
  const ledger = createLedger({ metrics, records: { countTasks: async () => 1 }, everyMs: 5, timeoutMs: 10 });
  ledger.start();
  await until(() => ledger.read().recorded.spans === 8);
  for (const next of ['fails', 'hangs'] as const) {
    mode = next;
    const before = reads;
    await until(() => reads > before + 8);
    expect(ledger.read().recorded.spans).toBe(8);
  }
  ledger.close();
});
