import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogSignal, SpanSignal } from '@tracepost/contracts';
import { type LocalSignalStore, openLocalSignalStore } from '@tracepost/store-local';
import { openSqliteRecordStore, type SqlStores } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Analyst, createAnalyst } from '../src/index.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
const AT = BigInt(NOW) * 1_000_000n;
const origin = { service: 'shop', resource: { 'service.name': 'shop' }, scopeName: 'shop', scopeVersion: '1' };
const span: SpanSignal = {
  origin,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: null,
  name: 'GET /cart of jane.doe@example.org',
  kind: 'server',
  startTimeUnixNano: AT,
  endTimeUnixNano: AT + 2_000_000n,
  status: { code: 'unset', message: '' },
  attributes: { mail: 'jane.doe@example.org', 'http.route': '/cart' },
  events: [],
  links: [],
};
const log: LogSignal = {
  ...{ origin, timeUnixNano: AT, severityNumber: 9, severityText: 'info', body: 'hello' },
  ...{ attributes: {}, traceId: span.traceId, spanId: null },
};

describe('the summary of a trace', () => {
  let folder: string;
  let signals: LocalSignalStore;
  let records: SqlStores;
  let analyst: Analyst;

  beforeEach(async () => {
    const telemetry = createTelemetry({ serviceName: 'tracepost-analyst' });
    folder = await mkdtemp(join(tmpdir(), 'analyst-'));
    signals = await openLocalSignalStore({ path: join(folder, 'telemetry.db'), telemetry });
    records = await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry });
    analyst = createAnalyst({ ...signals, traceSummaries: records.traceSummaries, telemetry, now: () => NOW });
  });
  afterEach(async () => {
    await analyst.close();
    await Promise.all([signals.close(), records.close()]);
    await rm(folder, { recursive: true });
  });

  it('is kept beside its spans, of what was checked and redacted', async () => {
    const spans = [span, { ...span, traceId: '' }];
    expect(await analyst.sink.accept({ spans, logs: [], metrics: [] })).toEqual({
      status: 'taken',
      refused: [{ signal: 'spans', reason: 'invalid_trace_id', count: 1 }],
    });
    const { items } = await records.traceSummaries.list({ service: 'shop', limit: 10 });
    expect(items).toMatchObject([
      {
        traceId: span.traceId,
        rootName: 'GET /cart of ****',
        durationMs: 2,
        attributes: { mail: ['****'], 'http.route': ['/cart'] },
        lastSeenAt: '2026-11-21T09:00:00.000Z',
      },
    ]);
    expect(await signals.traces.getTrace(span.traceId)).toHaveLength(1);
  });

  it('that cannot be kept makes the batch come again, and leaves logs unharmed', async () => {
    await records.close();
    const answer = await analyst.sink.accept({ spans: [span], logs: [], metrics: [] });
    expect(answer).toMatchObject({ status: 'later', reason: expect.stringContaining('summaries') });
    expect(await analyst.sink.accept({ spans: [], logs: [log], metrics: [] })).toEqual({
      status: 'taken',
      refused: [],
    });
    expect([...analyst.stores.failing().keys()]).toEqual(['spans']);
  });
});
