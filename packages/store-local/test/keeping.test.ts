import { DatabaseSync } from 'node:sqlite';
import type { LogSignal, MetricSignal, Origin, SpanSignal } from '@tracepost/contracts';
import { type LogQuery, StoreUnavailableError } from '@tracepost/stores';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { selectLogs } from '../src/log-query.ts';
import { SELECT as POINTS } from '../src/metrics.ts';
import { SELECT as TRACE_SPANS } from '../src/traces.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const NOON = BigInt(Date.parse('2026-11-21T12:00:00.000Z')) * 1_000_000n;
const window = { from: new Date('2026-11-21T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z'), limit: 10 };
const origin: Origin = { service: 's', resource: { 'service.name': 's' }, scopeName: 's', scopeVersion: '1' };

describe('the telemetry of an embedded installation', () => {
  let opened: TestStore;
  beforeEach(async () => {
    opened = await openTestStore();
  });
  afterEach(() => opened.close());

  test('is there after closing and opening again', async () => {
    const { store, reopen } = opened;
    await writeOneOfEach(store);
    await store.close();
    await using again = asDisposable(await reopen());
    expect(await again.store.traces.getTrace(TRACE)).toHaveLength(1);
    expect(await again.store.logs.queryLogs({ ...window, traceId: TRACE })).toHaveLength(1);
    expect(await again.store.metrics.readPoints({ ...window, name: 'm' })).toHaveLength(2);
  });

  test('is written twice in vain across openings too', async () => {
    await writeOneOfEach(opened.store);
    await opened.store.close();
    await using again = asDisposable(await opened.reopen());
    await writeOneOfEach(again.store);
    expect(await again.store.traces.getTrace(TRACE)).toHaveLength(1);
    expect(await again.store.logs.queryLogs({ ...window, traceId: TRACE })).toHaveLength(1);
    expect(await again.store.metrics.readPoints({ ...window, name: 'm' })).toHaveLength(2);
  });

  test('answers later once it is closed, and reads reject with what follows from it', async () => {
    const { traces, logs, metrics, close } = opened.store;
    await close();
    await close();
    expect(await traces.writeSpans([span()])).toMatchObject({ status: 'later' });
    expect(await logs.writeLogs([log()])).toMatchObject({ status: 'later' });
    expect(await metrics.writeMetrics([point()])).toMatchObject({ status: 'later' });
    await expect(traces.getTrace(TRACE)).rejects.toThrow(StoreUnavailableError);
    await expect(logs.ping()).rejects.toThrow(StoreUnavailableError);
  });

  test('keeps one row for an origin, however many signals it sent', async () => {
    await opened.store.traces.writeSpans([span(), { ...span(), spanId: '00f067aa0ba902b8' }]);
    await opened.store.logs.writeLogs([log()]);
    await opened.store.close();
    const file = new DatabaseSync(opened.path, { readOnly: true });
    expect(file.prepare('SELECT count(*) AS n FROM origins').get()).toEqual({ n: 1 });
    file.close();
  });

  test('finds traces, lines and points by an index, never by reading all rows', async () => {
    await opened.store.close();
    const file = new DatabaseSync(opened.path, { readOnly: true });
    const planOf = (sql: string) =>
      file
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((step) => String(step.detail))
        .join('\n');
    expect(planOf(TRACE_SPANS)).toContain('INDEX spans_by_trace (trace_id=?)');
    const planOfLogs = (query: Partial<LogQuery>) => planOf(selectLogs({ ...window, ...query }).sql);
    expect(planOfLogs({ traceId: TRACE })).toContain('INDEX logs_by_trace (trace_id=? AND time_ns>? AND time_ns<?)');
    expect(planOfLogs({ taskId: 't' })).toContain('INDEX logs_by_task (task_id=? AND time_ns>? AND time_ns<?)');
    expect(planOfLogs({ level: 'warn', service: 's' })).toContain('INDEX logs_by_time (time_ns>? AND time_ns<?)');
    expect(planOf(POINTS)).toContain('INDEX series_by_name (name=?)');
    expect(planOf(POINTS)).toContain('SEARCH metric_points USING PRIMARY KEY (series=? AND time_ns>? AND time_ns<?)');
    file.close();
  });
});

type Store = TestStore['store'];

async function writeOneOfEach({ traces, logs, metrics }: Store): Promise<void> {
  await traces.writeSpans([span()]);
  await logs.writeLogs([log()]);
  await metrics.writeMetrics([point()]);
}

function asDisposable(store: Store): AsyncDisposable & { store: Store } {
  return { store, [Symbol.asyncDispose]: store.close };
}

function span(): SpanSignal {
  return {
    origin,
    traceId: TRACE,
    spanId: '00f067aa0ba902b7',
    parentSpanId: null,
    name: 'work',
    kind: 'server',
    startTimeUnixNano: NOON,
    endTimeUnixNano: NOON + 5n,
    status: { code: 'ok', message: '' },
    attributes: {},
    events: [],
    links: [],
  };
}

function log(): LogSignal {
  return {
    origin,
    timeUnixNano: NOON,
    severityNumber: 9,
    severityText: '',
    body: 'a line',
    attributes: {},
    traceId: TRACE,
    spanId: null,
  };
}

function point(): MetricSignal {
  return {
    origin,
    name: 'm',
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano: NOON - 1_000_000_000n,
    timeUnixNano: NOON,
    data: { type: 'sum', value: 1, isMonotonic: true, temporality: 'cumulative' },
  };
}
