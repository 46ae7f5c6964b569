import type { SpanSignal } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { TraceReader, TraceWriter } from '../signal-stores.ts';
import { at, nanos, newSpanId, newTraceId, originOf, span } from './sample-signals.ts';
import { describeProperties, type Harness, type Property } from './signal-property.ts';

export interface TraceStoreSubject {
  /** For a store that others write to, `writeSpans` of the harness resolves once the spans can be read. */
  readonly store: Pick<TraceReader, 'getTrace' | 'ping'> & TraceWriter;
  /**
   * Whether lists and maps in attributes come back as such. Jaeger turns them into their JSON text; texts, numbers and
   * booleans keep their type everywhere. Attributes of links are kept nowhere.
   */
  readonly keepsNestedAttributes: boolean;
}

export const TRACE_STORE_PROPERTIES: readonly Property<TraceStoreSubject>[] = [
  {
    title: 'an unknown trace has no spans',
    async run({ store }) {
      expect(await store.getTrace(newTraceId())).toEqual([]);
    },
  },
  {
    title: 'something that is not a trace id has no spans either',
    async run({ store }) {
      for (const id of ['', 'abc', '../../../api/services', 'x'.repeat(32)])
        expect(await store.getTrace(id)).toEqual([]);
    },
  },
  {
    title: 'a span comes back whole',
    async run({ store }) {
      const traceId = newTraceId();
      const written = wholeSpan(traceId);
      expect(await store.writeSpans([written])).toEqual({ status: 'taken', refused: [] });
      expect(await store.getTrace(traceId)).toEqual([
        {
          spanId: written.spanId,
          parentSpanId: written.parentSpanId,
          name: 'process agent.weather',
          kind: 'consumer',
          service: 'tracepost-agents',
          startedAt: '2026-11-21T09:00:00.100Z',
          durationMs: 2500.25,
          status: { code: 'error', message: 'no such place' },
          attributes: written.attributes,
          events: [
            {
              at: '2026-11-21T09:00:00.200Z',
              name: 'exception',
              attributes: { 'exception.type': 'ToolError', 'exception.escaped': true, attempt: 2 },
            },
          ],
          links: written.links.map(({ traceId: linked, spanId }) => ({ traceId: linked, spanId })),
        },
      ]);
    },
  },
  {
    title: 'every kind and every status keeps its name',
    async run({ store }) {
      const traceId = newTraceId();
      const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const;
      const codes = ['unset', 'ok', 'error', 'unset', 'ok'] as const;
      await store.writeSpans(
        kinds.map((kind, index) =>
          span({
            traceId,
            kind,
            startTimeUnixNano: nanos(index),
            endTimeUnixNano: nanos(index + 1),
            status: { code: codes[index] ?? 'unset', message: '' },
          }),
        ),
      );
      const spans = await store.getTrace(traceId);
      expect(spans.map(({ kind }) => kind)).toEqual(kinds);
      expect(spans.map(({ status }) => status.code)).toEqual(codes);
    },
  },
  {
    title: 'lists in attributes come back as lists, or as their JSON text',
    async run({ store, keepsNestedAttributes }) {
      const traceId = newTraceId();
      await store.writeSpans([span({ traceId, attributes: { words: ['a', 'b'], numbers: [1, 2.5] } })]);
      const [found] = await store.getTrace(traceId);
      const whole = keepsNestedAttributes ? found?.attributes : mapValues(found?.attributes, parsed);
      expect(whole).toEqual({ words: ['a', 'b'], numbers: [1, 2.5] });
    },
  },
  {
    title: 'spans come by start time, to the nanosecond, whatever order they were written in',
    async run({ store }) {
      const traceId = newTraceId();
      const starts = [nanos(3), nanos(1, 2), nanos(1, 1), nanos(2), nanos(0)];
      for (const [index, startTimeUnixNano] of starts.entries()) {
        await store.writeSpans([
          span({
            traceId,
            // In the order of writing: a store that cuts times to milliseconds orders the two of one millisecond by it.
            spanId: `00f067aa0ba902b${index}`,
            name: `span ${index}`,
            startTimeUnixNano,
            endTimeUnixNano: startTimeUnixNano + 5n,
          }),
        ]);
      }
      expect((await store.getTrace(traceId)).map(({ name }) => name)).toEqual([4, 2, 1, 3, 0].map((n) => `span ${n}`));
    },
  },
  {
    title: 'a span that ends when it begins has no duration, and nothing is added to it',
    async run({ store }) {
      const traceId = newTraceId();
      await store.writeSpans([
        span({ traceId, startTimeUnixNano: nanos(1), endTimeUnixNano: nanos(1), attributes: { k: 'v' } }),
      ]);
      expect(await store.getTrace(traceId)).toMatchObject([{ durationMs: 0, attributes: { k: 'v' } }]);
      expect(Object.keys((await store.getTrace(traceId))[0]?.attributes ?? {})).toEqual(['k']);
    },
  },
  {
    title: 'a trace spans services, and holds its own spans only',
    async run({ store }) {
      const [traceId, other] = [newTraceId(), newTraceId()];
      const root = span({ traceId, origin: originOf('tracepost-gateway'), name: 'root' });
      const child = span({
        traceId,
        origin: originOf('tracepost-agents'),
        name: 'child',
        parentSpanId: root.spanId,
        startTimeUnixNano: nanos(1),
        endTimeUnixNano: nanos(2),
      });
      // The first half of the id is the same: an index on a part of it must not be taken for the whole.
      const neighbour = span({ traceId: traceId.slice(0, 16) + other.slice(16), name: 'neighbour' });
      await store.writeSpans([child, neighbour, root]);
      const found = await store.getTrace(traceId);
      expect(found.map(({ name, service, parentSpanId }) => [name, service, parentSpanId])).toEqual([
        ['root', 'tracepost-gateway', null],
        ['child', 'tracepost-agents', root.spanId],
      ]);
    },
  },
  {
    title: 'writing a batch twice changes nothing',
    async run({ store }) {
      const traceId = newTraceId();
      const batch = [wholeSpan(traceId), span({ traceId })];
      await store.writeSpans(batch);
      const first = await store.getTrace(traceId);
      expect(await store.writeSpans(batch)).toEqual({ status: 'taken', refused: [] });
      await store.writeSpans([...batch, ...batch]);
      expect(first).toHaveLength(2);
      expect(await store.getTrace(traceId)).toEqual(first);
    },
  },
  {
    title: 'odd texts come back as they were',
    async run({ store }) {
      const traceId = newTraceId();
      const name = `it's "odd" \\ 100 % — 日本 🦊 ${'x'.repeat(2000)}`;
      const attributes = {
        'key " ; -- 🦊': 'line one\nline two\ttab',
        empty: '',
        big: 9_007_199_254_740_991,
        small: -0.5,
      };
      await store.writeSpans([span({ traceId, name, attributes })]);
      const [found] = await store.getTrace(traceId);
      expect(found?.name).toBe(name);
      expect(found?.attributes).toEqual(attributes);
    },
  },
  {
    title: 'a batch of a thousand spans is whole',
    async run({ store }) {
      const traceId = newTraceId();
      const batch = Array.from({ length: 1000 }, (_, index) =>
        span({ traceId, name: `span ${index}`, startTimeUnixNano: nanos(index), endTimeUnixNano: nanos(index + 1) }),
      );
      await store.writeSpans(batch);
      const found = await store.getTrace(traceId);
      expect(found.map(({ name }) => name)).toEqual(batch.map(({ name }) => name));
      expect(found.at(-1)?.startedAt).toBe(at(999).toISOString());
    },
  },
  {
    title: 'of a longer trace the first ten thousand come, and one that tells that there are more',
    async run({ store }) {
      const traceId = newTraceId();
      // The last come first, of two services and scopes in turn: however a store gathers them, the first are asked for.
      const batch = Array.from({ length: 12_000 }, (_, index) => {
        const place = 11_999 - index;
        const service = `tracepost-test-${place % 2}`;
        return span({
          traceId,
          origin: { ...originOf(service), scopeName: `scope ${place % 3}` },
          spanId: (place + 1).toString(16).padStart(16, '0'),
          name: `span ${place}`,
          startTimeUnixNano: nanos(place),
          endTimeUnixNano: nanos(place + 1),
        });
      });
      // No more at a time than every store takes.
      for (let from = 0; from < batch.length; from += 2_000) await store.writeSpans(batch.slice(from, from + 2_000));
      const found = await store.getTrace(traceId);
      expect(found).toHaveLength(10_001);
      expect(found.every(({ name }, place) => name === `span ${place}`)).toBe(true);
    },
  },
  {
    title: 'an empty batch is taken',
    async run({ store }) {
      expect(await store.writeSpans([])).toEqual({ status: 'taken', refused: [] });
    },
  },
  {
    title: 'ping resolves while the store answers',
    async run({ store }) {
      await store.ping();
    },
  },
];

export function describeTraceStoreContract(
  name: string,
  createHarness: () => Promise<Harness<TraceStoreSubject>>,
): void {
  describeProperties(`${name} as a trace store`, TRACE_STORE_PROPERTIES, createHarness);
}

function wholeSpan(traceId: string): SpanSignal {
  return span({
    traceId,
    origin: originOf('tracepost-agents'),
    parentSpanId: newSpanId(),
    name: 'process agent.weather',
    kind: 'consumer',
    startTimeUnixNano: nanos(100),
    endTimeUnixNano: nanos(2600, 250_000),
    status: { code: 'error', message: 'no such place' },
    attributes: { 'tracepost.task.id': 'task-1', 'http.response.status_code': 404, share: 0.25, replayed: false },
    events: [
      {
        timeUnixNano: nanos(200),
        name: 'exception',
        attributes: { 'exception.type': 'ToolError', 'exception.escaped': true, attempt: 2 },
      },
    ],
    links: [{ traceId: newTraceId(), spanId: newSpanId(), attributes: { why: 'retry' } }],
  });
}

function mapValues(map: Readonly<Record<string, unknown>> | undefined, change: (value: unknown) => unknown): unknown {
  return Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, change(value)]));
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}
