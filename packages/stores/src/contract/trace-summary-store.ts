import type { SpanSignal, TraceSummary } from '@tracepost/contracts';
import { expect } from 'vitest';
import { InvalidCursorError } from '../record-store.ts';
import type { TraceQuery, TraceSummaryStore } from '../trace-summary-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { at, nanos, newSpanId, newTraceId, originOf, span, unique } from './sample-signals.ts';
import type { Property } from './signal-property.ts';

const SEEN_MS = at(60_000).getTime();
const DAY_MS = 24 * 3_600_000;

/** What every store of trace summaries promises. */
export const TRACE_SUMMARY_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'a trace is summed up from its spans, also for a store that is opened later',
    async run({ stores, open }) {
      const service = unique('shop');
      const spans = storyOf(newTraceId(), service);
      expect(await stores.traceSummaries.addSpans(spans, SEEN_MS)).toEqual(TAKEN);
      const { traceSummaries } = await open();
      expect(await traceSummaries.list({ service, limit: 10 })).toEqual({
        items: [summaryOfStory(spans[0]?.traceId ?? '', service)],
        nextCursor: null,
      });
    },
  },
  {
    title: 'an empty batch is taken, and a trace of which nothing came is not listed',
    async run({ stores: { traceSummaries } }) {
      expect(await traceSummaries.addSpans([], SEEN_MS)).toEqual(TAKEN);
      expect(await traceSummaries.list({ service: unique('shop'), limit: 10 })).toEqual(NOTHING);
      expect(await traceSummaries.list({ taskId: unique('task'), limit: 10 })).toEqual(NOTHING);
    },
  },
  {
    title: 'in whatever pieces, order and number a trace comes, from several writers at once: the summary is the same',
    async run({ stores, open }) {
      const other = await open();
      const writers = [stores.traceSummaries, other.traceSummaries];
      const service = unique('shop');
      const traceId = newTraceId();
      const spans = [...storyOf(traceId, service), ...crowdOf(traceId, service, 80)];
      const pieces = piecesOf([...shuffled(spans, 1), ...shuffled(spans, 2).slice(0, 40)], 7);
      const answers = await Promise.all(
        pieces.map((piece, index) => (writers[index % 2] as TraceSummaryStore).addSpans(piece, SEEN_MS)),
      );
      expect(answers).toEqual(pieces.map(() => TAKEN));

      const wholeService = unique('shop');
      const wholeId = newTraceId();
      const whole = spans.map((one) => ({
        ...one,
        traceId: wholeId,
        origin: one.origin.service === service ? originOf(wholeService) : one.origin,
      }));
      await stores.traceSummaries.addSpans(whole, SEEN_MS);
      const inPieces = await only(stores.traceSummaries, { service });
      const atOnce = await only(stores.traceSummaries, { service: wholeService });
      expect(JSON.stringify(inPieces).replaceAll(service, 'shop').replaceAll(traceId, 'trace')).toBe(
        JSON.stringify(atOnce).replaceAll(wholeService, 'shop').replaceAll(wholeId, 'trace'),
      );
      expect(inPieces?.spanCount).toBe(spans.length);
    },
  },
  {
    title: 'taking a batch twice changes nothing, not even when the trace was last seen',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const spans = storyOf(newTraceId(), service);
      await traceSummaries.addSpans(spans, SEEN_MS);
      const first = await only(traceSummaries, { service });
      await traceSummaries.addSpans([...spans, ...spans], SEEN_MS + 5_000);
      for (const one of spans) await traceSummaries.addSpans([one], SEEN_MS + 6_000);
      expect(await only(traceSummaries, { service })).toEqual(first);
      await traceSummaries.addSpans(
        [{ ...(spans[0] as SpanSignal), spanId: newSpanId(), parentSpanId: newSpanId() }],
        SEEN_MS + 7_000,
      );
      expect(await only(traceSummaries, { service })).toEqual({
        ...first,
        spanCount: 5,
        lastSeenAt: new Date(SEEN_MS + 7_000).toISOString(),
      });
    },
  },
  {
    title: 'until a span without a parent comes, the earliest is the root',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const traceId = newTraceId();
      const origin = originOf(service);
      const rootName = async () => (await only(traceSummaries, { service }))?.rootName;
      const child = (name: string, ms: number) =>
        span({ traceId, origin, name, parentSpanId: newSpanId(), startTimeUnixNano: nanos(ms) });
      await traceSummaries.addSpans([child('second', 5)], SEEN_MS);
      expect(await rootName()).toBe('second');
      await traceSummaries.addSpans([child('first', 3), child('third', 7)], SEEN_MS);
      expect(await rootName()).toBe('first');
      await traceSummaries.addSpans([span({ traceId, origin, name: 'root', startTimeUnixNano: nanos(4) })], SEEN_MS);
      await traceSummaries.addSpans([child('before', 1)], SEEN_MS);
      expect(await rootName()).toBe('root');
    },
  },
  {
    title: 'a trace is found by what any of its spans says, and conditions are joined by and',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const [traceId, plainId] = [newTraceId(), newTraceId()];
      const taskId = unique('task');
      const story = storyOf(traceId, service).map((one) =>
        one.attributes['tracepost.task.id'] ? withAttributes(one, { 'tracepost.task.id': taskId }) : one,
      );
      const plain = span({ traceId: plainId, origin: originOf(service), name: 'plain', startTimeUnixNano: nanos(-50) });
      await traceSummaries.addSpans([...story, plain], SEEN_MS);
      const found = (query: Partial<TraceQuery>) => idsOf(traceSummaries, { service, ...query });
      expect(await found({})).toEqual([traceId, plainId]);
      expect(await found({ name: 'call' })).toEqual([traceId]);
      expect(await found({ agentId: 'weather' })).toEqual([traceId]);
      expect(await found({ taskId })).toEqual([traceId]);
      expect(await found({ status: 'error' })).toEqual([traceId]);
      expect(await found({ status: 'ok' })).toEqual([plainId]);
      expect(await found({ minDurationMs: 100 })).toEqual([traceId]);
      expect(await found({ minDurationMs: 100.001 })).toEqual([]);
      expect(await found({ maxDurationMs: 99.9 })).toEqual([plainId]);
      const attribute = (key: string, value: string) => ({ key, value });
      expect(await found({ attributes: [attribute('http.route', '/buy')] })).toEqual([traceId]);
      expect(
        await found({
          name: 'work',
          status: 'error',
          taskId,
          attributes: [
            attribute('http.route', '/buy'),
            attribute('http.response.status_code', '503'),
            attribute('retried', 'true'),
            attribute('exception.type', 'TypeError'),
            attribute('host.name', 'a-host'),
          ],
        }),
      ).toEqual([traceId]);
      const never: Partial<TraceQuery>[] = [
        { name: 'cal' },
        { agentId: 'WEATHER' },
        { taskId: `${taskId}x` },
        { taskId, name: 'plain' },
        { attributes: [attribute('http.route', '/buy'), attribute('http.route', '/sell')] },
        { attributes: [attribute('http.rout', '/buy')] },
        { attributes: [attribute('http.route', '/bu')] },
        { attributes: [attribute('route', '/buy')] },
      ];
      for (const query of never) expect(await found(query)).toEqual([]);
    },
  },
  {
    title: 'texts that are looked for mean nothing but themselves, whatever they hold',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const texts = [
        '100 %',
        '100 _',
        "it's; drop table trace_summaries; --",
        'a\tb',
        'ÜBER',
        'über',
        '日本 🦊',
        '\\',
        ' ',
        '{"a":1}',
        'x'.repeat(400),
        `${'x'.repeat(399)}y`,
      ];
      for (const [index, text] of texts.entries())
        await traceSummaries.addSpans(
          [
            span({
              traceId: newTraceId(),
              origin: originOf(service),
              name: text,
              startTimeUnixNano: nanos(index),
              attributes: { text, index, [`key ${text}`]: 'k', nul: `${text}\0${text}` },
            }),
          ],
          SEEN_MS,
        );
      for (const [index, text] of texts.entries()) {
        for (const query of [
          { name: text },
          { attributes: [{ key: 'text', value: text }] },
          { attributes: [{ key: `key ${text}`, value: 'k' }] },
          { attributes: [{ key: 'nul', value: `${text}\0${text}` }] },
        ]) {
          const { items } = await traceSummaries.list({ service, ...query, limit: 100 });
          expect(items.map(({ attributes }) => attributes.index)).toEqual([[String(index)]]);
        }
      }
      for (const text of ['%', '_', 'x\ny', 'k\n>attributes', '*', '.', ''])
        expect(await idsOf(traceSummaries, { service, name: text })).toEqual([]);
    },
  },
  {
    title: 'traces are listed newest first, page by page, each once, whatever is written meanwhile',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const starts = [30, 10, 50, 20, 20, 40];
      const spans = starts.map((ms) =>
        span({ traceId: newTraceId(), origin: originOf(service), startTimeUnixNano: nanos(ms), attributes: { ms } }),
      );
      await traceSummaries.addSpans(spans, SEEN_MS);
      const first = await traceSummaries.list({ service, limit: 2 });
      await traceSummaries.addSpans(
        [span({ traceId: newTraceId(), origin: originOf(service), startTimeUnixNano: nanos(60) })],
        SEEN_MS,
      );
      const rest = await readAll(traceSummaries, { service, limit: 2, cursor: first.nextCursor ?? '' });
      const all = [...first.items, ...rest];
      expect(all.map(({ attributes }) => Number(attributes.ms?.[0]))).toEqual([50, 40, 30, 20, 20, 10]);
      expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(6);
    },
  },
  {
    title: 'traces are found by when they began, the first instant included and the last not',
    async run({ stores: { traceSummaries } }) {
      const service = unique('shop');
      const ids = await Promise.all(
        [0, 1, 2].map(async (ms) => {
          const traceId = newTraceId();
          const startTimeUnixNano = nanos(ms);
          await traceSummaries.addSpans([span({ traceId, origin: originOf(service), startTimeUnixNano })], SEEN_MS);
          return traceId;
        }),
      );
      const found = (from: number | null, to: number | null) =>
        idsOf(traceSummaries, {
          service,
          ...(from === null ? {} : { from: at(from).toISOString() }),
          ...(to === null ? {} : { to: at(to).toISOString() }),
        });
      expect(await found(1, 2)).toEqual([ids[1]]);
      expect(await found(1, null)).toEqual([ids[2], ids[1]]);
      expect(await found(null, 1)).toEqual([ids[0]]);
      expect(await found(3, null)).toEqual([]);
    },
  },
  {
    title: 'a trace that says more than a summary holds is cut in the same way in any order, and says where',
    async run({ stores: { traceSummaries } }) {
      const [service, again] = [unique('shop'), unique('shop')];
      const crowd = crowdOf(newTraceId(), service, 3_000);
      for (const piece of piecesOf(crowd, 900)) await traceSummaries.addSpans(piece, SEEN_MS);
      const found = await only(traceSummaries, { service });
      expect(found?.accuracy).toBe('estimated');
      expect(Math.abs((found?.spanCount ?? 0) - 3_000)).toBeLessThan(400);
      expect(found?.truncated).toEqual(['spanNames', 'taskIds', 'attributes']);
      expect(found?.spanNames).toHaveLength(64);
      // What people look for by goes before the rest.
      expect(Object.keys(found?.attributes ?? {})).toContain('tracepost.task.id');

      const repeated = crowd.map((one) => ({ ...one, origin: originOf(again), traceId: reversed(one.traceId) }));
      for (const piece of piecesOf([...shuffled(repeated, 3), ...repeated.slice(0, 500)], 700))
        await traceSummaries.addSpans(piece, SEEN_MS);
      const other = await only(traceSummaries, { service: again });
      expect(
        JSON.stringify(other)
          .replaceAll(again, service)
          .replaceAll(reversed(found?.traceId ?? ''), found?.traceId ?? ''),
      ).toBe(JSON.stringify(found));
    },
  },
  {
    title: 'traces are forgotten thirty days after the last word of them, and not before',
    async run({ stores: { traceSummaries } }) {
      const nowMs = Date.UTC(2000, 0);
      const service = unique('shop');
      const taskId = unique('task');
      const traceId = newTraceId();
      const attributes = { 'tracepost.task.id': taskId };
      const began = { startTimeUnixNano: BigInt(nowMs) * 1_000_000n, endTimeUnixNano: BigInt(nowMs) * 1_000_000n };
      await traceSummaries.addSpans([span({ traceId, origin: originOf(service), attributes, ...began })], nowMs);
      expect(await traceSummaries.purge(nowMs + 30 * DAY_MS - 1)).toBe(0);
      expect(await idsOf(traceSummaries, { taskId })).toEqual([traceId]);
      expect(await traceSummaries.purge(nowMs + 30 * DAY_MS)).toBe(1);
      expect(await idsOf(traceSummaries, { service })).toEqual([]);
      expect(await idsOf(traceSummaries, { taskId })).toEqual([]);
      expect(await traceSummaries.purge(nowMs + 30 * DAY_MS)).toBe(0);
    },
  },
  {
    title: 'a cursor that no page of traces gave is refused',
    async run({ stores: { traceSummaries } }) {
      for (const cursor of ['x', '', 'bm90aGluZw']) {
        await expect(traceSummaries.list({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
      }
    },
  },
];

export function describeTraceSummaryStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of trace summaries`, TRACE_SUMMARY_STORE_PROPERTIES, createHarness);
}

const TAKEN = { status: 'taken', refused: [] };
const NOTHING = { items: [], nextCursor: null };

/** A request that publishes, an agent that works on it and calls somebody, in vain: four spans of three services. */
function storyOf(traceId: string, service: string): SpanSignal[] {
  const [root, publish, work] = [newSpanId(), newSpanId(), newSpanId()];
  const origin = originOf(service);
  const times = (from: number, to: number) => ({ startTimeUnixNano: nanos(from), endTimeUnixNano: nanos(to) });
  const task = { 'tracepost.task.id': 'task-1', 'tracepost.agent.id': 'weather' };
  return [
    span({
      traceId,
      origin,
      spanId: root,
      name: 'POST /buy',
      kind: 'server',
      ...times(0, 100),
      attributes: { 'http.route': '/buy', 'http.response.status_code': 503 },
    }),
    span({ traceId, origin, spanId: publish, parentSpanId: root, name: 'send', ...times(1, 2), attributes: task }),
    span({
      traceId,
      origin: originOf('agents'),
      spanId: work,
      parentSpanId: publish,
      name: 'work',
      ...times(10, 90),
      attributes: { ...task, retried: true, waitedMs: 8.25 },
    }),
    span({
      traceId,
      origin: originOf('stock'),
      parentSpanId: work,
      name: 'call',
      ...times(20, 80),
      status: { code: 'error', message: 'no' },
      events: [{ timeUnixNano: nanos(80), name: 'exception', attributes: { 'exception.type': 'TypeError' } }],
    }),
  ];
}

function summaryOfStory(traceId: string, service: string): TraceSummary {
  return {
    traceId,
    startedAt: at(0).toISOString(),
    endedAt: at(100).toISOString(),
    durationMs: 100,
    rootService: service,
    rootName: 'POST /buy',
    status: 'error',
    spanCount: 4,
    errorCount: 1,
    accuracy: 'exact',
    services: ['agents', service, 'stock'].sort(),
    spanNames: ['POST /buy', 'call', 'send', 'work'],
    agentIds: ['weather'],
    taskIds: ['task-1'],
    attributes: {
      'exception.type': ['TypeError'],
      'host.name': ['a-host'],
      'http.response.status_code': ['503'],
      'http.route': ['/buy'],
      retried: ['true'],
      'service.instance.id': ['test-1'],
      'service.name': ['agents', service, 'stock'].sort(),
      'tracepost.agent.id': ['weather'],
      'tracepost.task.id': ['task-1'],
    },
    truncated: [],
    lastSeenAt: new Date(SEEN_MS).toISOString(),
  };
}

/** Spans that differ in everything that has a limit; most of them for small numbers of spans within it. */
function crowdOf(traceId: string, service: string, count: number): SpanSignal[] {
  const parentSpanId = newSpanId();
  return Array.from({ length: count }, (_, index) =>
    span({
      traceId,
      origin: originOf(service),
      spanId: index.toString(16).padStart(16, 'a'),
      parentSpanId,
      name: `step ${index}`,
      startTimeUnixNano: nanos(10 + (index % 17)),
      endTimeUnixNano: nanos(30 + (index % 7)),
      status: { code: index % 10 === 0 ? 'error' : 'ok', message: '' },
      attributes: {
        'tracepost.task.id': `task-${index}`,
        [`key-${index % 200}`]: index,
        'http.route': `/${index % 3}`,
      },
    }),
  );
}

function withAttributes(one: SpanSignal, attributes: SpanSignal['attributes']): SpanSignal {
  return { ...one, attributes: { ...one.attributes, ...attributes } };
}

function piecesOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const places = items.map((_, index) => (Math.sin(seed * 1_000 + index) * 10_000) % 1);
  return items
    .map((item, index) => ({ item, place: places[index] ?? 0 }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}

async function only(store: TraceSummaryStore, query: Partial<TraceQuery>): Promise<TraceSummary | undefined> {
  const { items } = await store.list({ limit: 10, ...query });
  expect(items).toHaveLength(1);
  return items[0];
}

async function idsOf(store: TraceSummaryStore, query: Partial<TraceQuery>): Promise<string[]> {
  return (await store.list({ limit: 100, ...query })).items.map(({ traceId }) => traceId);
}

async function readAll(store: TraceSummaryStore, query: TraceQuery): Promise<TraceSummary[]> {
  const page = await store.list(query);
  if (page.nextCursor === null) return page.items;
  return [...page.items, ...(await readAll(store, { ...query, cursor: page.nextCursor }))];
}
