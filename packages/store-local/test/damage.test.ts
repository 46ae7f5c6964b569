import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { LogSignal, MetricSignal, Origin, SpanSignal } from '@tracepost/contracts';
import { leavesOf, overwritePage, PAGE_BYTES } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LocalSignalStore } from '../src/index.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const NOON = BigInt(Date.parse('2026-11-21T12:00:00.000Z')) * 1_000_000n;
const window = { from: new Date('2026-11-21T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z'), limit: 10_000 };
const origin: Origin = { service: 's', resource: { 'service.name': 's' }, scopeName: 's', scopeVersion: '1' };
const TRACES = 400;
const traceIds = Array.from({ length: TRACES }, (_, at) => at.toString(16).padStart(32, '0'));

describe('a telemetry database that is', { timeout: 60_000 }, () => {
  let opened: TestStore;
  beforeEach(async () => {
    opened = await openTestStore();
    await opened.store.traces.writeSpans(traceIds.map(spanOf));
    await opened.store.logs.writeLogs(traceIds.map(lineOf));
  });
  afterEach(() => opened.close());

  test('truncated opens with what was before the cut, and the rest lies aside under a name that says so', async () => {
    await opened.store.close();
    truncateSync(opened.path, Math.floor(statSync(opened.path).size / PAGE_BYTES / 2) * PAGE_BYTES);
    const found = await readAll();
    expect(found.size).toBeGreaterThan(0);
    expect(found.size).toBeLessThan(TRACES);
    expect(setAside()).toHaveLength(1);
  });

  test.each([1, 2, 3, 4, 5])('hit in one page (%i) loses what was in that page, and nothing else', async (seed) => {
    await opened.store.close();
    const before = leavesOf(opened.path, 'spans');
    // One of the leaves in which spans lie.
    const page = before[1 + ((seed * 7) % (before.length - 1))] as number;
    overwritePage(opened.path, page);
    const found = await readAll();
    const perPage = Math.ceil(TRACES / before.length);
    expect(found.size).toBeGreaterThanOrEqual(TRACES - 3 * perPage);
    expect(found.size).toBeLessThan(TRACES);
    expect(setAside()).toHaveLength(1);
  });

  test('no database at all any more begins anew, and is not thrown away', async () => {
    await opened.store.close();
    overwritePage(opened.path, 1);
    const [before] = [readFileSync(opened.path)];
    const store = await opened.reopen();
    expect(await store.traces.writeSpans([spanOf(traceIds[0] as string)])).toEqual({ status: 'taken', refused: [] });
    expect(await store.traces.getTrace(traceIds[0] as string)).toHaveLength(1);
    await store.close();
    const [aside] = setAside();
    expect(readFileSync(`${dirname(opened.path)}/${aside}`).equals(before)).toBe(true);
  });

  test('torn in its log, as by a loss of power, keeps every transaction before the tear', async () => {
    const copy = `${opened.path}.crashed`;
    for (const part of ['', '-wal']) writeFileSync(copy + part, readFileSync(opened.path + part));
    await opened.store.close();
    truncateSync(`${copy}-wal`, statSync(`${copy}-wal`).size - 100);
    for (const part of ['', '-wal']) writeFileSync(opened.path + part, readFileSync(copy + part));
    const store = await opened.reopen();
    expect(await store.traces.getTrace(traceIds[0] as string)).toHaveLength(1);
    expect(await store.traces.writeSpans([spanOf('f'.repeat(32))])).toEqual({ status: 'taken', refused: [] });
    await store.close();
    // SQLite reads its log up to the last whole transaction: there is nothing to set aside.
    expect(setAside()).toEqual([]);
  });

  test('hit while it is open takes nothing until it is made anew, and goes on by itself', async () => {
    const { store } = opened;
    // What is in the log counts more than the file: it has to be in the file first.
    await store.close();
    const again = await opened.reopen();
    for (const page of leavesOf(opened.path, 'spans')) overwritePage(opened.path, page);
    await again.traces.getTrace(traceIds[3] as string).catch(() => null);
    await vi.waitFor(() => expect(setAside()).toHaveLength(1), { timeout: 25_000 });
    await vi.waitFor(
      async () => expect((await again.traces.writeSpans([spanOf('f'.repeat(32))])).status).toBe('taken'),
      { timeout: 25_000 },
    );
    expect(await again.traces.getTrace('f'.repeat(32))).toHaveLength(1);
    expect((await again.logs.queryLogs(window)).length).toBe(TRACES);
    await again.close();
  });

  /** The spans that are found, each whole. */
  async function readAll(): Promise<Set<string>> {
    const store: LocalSignalStore = await opened.reopen();
    const found = new Set<string>();
    for (const traceId of traceIds) {
      const [span] = await readOrAgain(() => store.traces.getTrace(traceId));
      if (!span) continue;
      expect(span).toMatchObject({ name: `span of ${traceId}`, attributes: { text: textOf(traceId) } });
      found.add(traceId);
    }
    expect(await store.traces.writeSpans([spanOf('f'.repeat(32))])).toEqual({ status: 'taken', refused: [] });
    await store.close();
    return found;
  }

  test('hit in a page of points keeps the hours that were put together of them, and puts lost hours together again', {
    timeout: 180_000,
  }, async () => {
    const HOUR = 3_600_000;
    const beginMs = Number(NOON / 1_000_000n);
    const points = Array.from({ length: 1_200 }, (_, index) => gauge(beginMs + index * 10_000));
    await opened.store.metrics.writeMetrics(points);
    await opened.store.metrics.rollUp(new Date(beginMs + 3 * HOUR));
    const ask = async (store: LocalSignalStore) => {
      const range = { from: new Date(beginMs), to: new Date(beginMs + 3 * HOUR) };
      return store.metrics.queryMetric({
        ...{ name: 'level', ...range, everyMs: HOUR, groupBy: [], where: {} },
        aggregation: 'COUNT',
      });
    };
    const before = await ask(opened.store);
    expect(before).toMatchObject({ sampleCount: 3 * 360 });
    await opened.store.close();
    overwritePage(opened.path, leavesOf(opened.path, 'metric_points')[3] as number);
    const rescued = await openAndMeetIt();
    await rescued.metrics.rollUp(new Date(beginMs + 3 * HOUR));
    expect(await ask(rescued)).toEqual(before);
    await rescued.close();
    // Of hours that are gone there are still most of their points.
    overwritePage(opened.path, leavesOf(opened.path, 'metric_hours')[0] as number);
    const again = await openAndMeetIt();
    await again.metrics.rollUp(new Date(beginMs + 3 * HOUR));
    const { sampleCount = 0 } = (await ask(again)) as { sampleCount?: number };
    expect(sampleCount).toBeGreaterThan(2 * 360);
    expect(sampleCount).toBeLessThan(3 * 360);
    await again.close();
  });

  /** Reads everything of the metric, so that what is damaged is met, and waits until the file is made anew. */
  async function openAndMeetIt(): Promise<LocalSignalStore> {
    const known = setAside().length;
    const store = await opened.reopen();
    const range = { from: new Date(0), to: new Date(Date.now() + 86_400_000), limit: 10_000 };
    for (const everyMs of [60_000, 3_600_000])
      await store.metrics
        .queryMetric({
          ...{ name: 'level', from: window.from, to: window.to, everyMs, groupBy: [], where: {} },
          aggregation: 'COUNT',
        })
        .catch(() => null);
    await vi.waitFor(() => expect(setAside()).toHaveLength(known + 1), { timeout: 60_000 });
    await readOrAgain(() => store.metrics.readPoints({ ...range, name: 'level' }));
    return store;
  }

  /** A read that meets the damage fails, and what it asked for is answered once the file is made anew. */
  async function readOrAgain<T>(read: () => Promise<T[]>): Promise<T[]> {
    return vi.waitFor(read, { timeout: 25_000 });
  }

  function setAside(): string[] {
    const name = basename(opened.path);
    return readdirSync(dirname(opened.path)).filter(
      (file) => /\.damaged-[\dTZ-]+$/.test(file) && file.startsWith(name),
    );
  }
});

function gauge(atMs: number): MetricSignal {
  const at = BigInt(atMs) * 1_000_000n;
  const described = { name: 'level', unit: '1', description: '', attributes: {} };
  return { origin, ...described, startTimeUnixNano: at, timeUnixNano: at, data: { type: 'gauge', value: 1 } };
}

function textOf(traceId: string): string {
  return traceId.repeat(8);
}

function spanOf(traceId: string): SpanSignal {
  return {
    origin,
    traceId,
    spanId: '00f067aa0ba902b7',
    parentSpanId: null,
    name: `span of ${traceId}`,
    kind: 'internal',
    startTimeUnixNano: NOON,
    endTimeUnixNano: NOON + 1n,
    status: { code: 'unset', message: '' },
    attributes: { text: textOf(traceId) },
    events: [],
    links: [],
  };
}

function lineOf(traceId: string, at: number): LogSignal {
  return {
    origin,
    timeUnixNano: NOON + BigInt(at),
    severityNumber: 9,
    severityText: 'INFO',
    body: textOf(traceId),
    attributes: {},
    traceId,
    spanId: null,
  };
}
