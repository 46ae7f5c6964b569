import type { LogSignal, MetricSignal, SignalBatch, SinkAnswer, SpanSignal } from '@tracepost/contracts';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../src/index.ts';

const NOW = 1_780_000_000_000;
const AT = BigInt(NOW) * 1_000_000n;
const origin = { service: 'shop', resource: { 'service.name': 'shop' }, scopeName: 'shop', scopeVersion: '1' };
const span: SpanSignal = {
  origin,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: null,
  name: 'GET /cart',
  kind: 'server',
  startTimeUnixNano: AT,
  endTimeUnixNano: AT,
  status: { code: 'unset', message: '' },
  attributes: {},
  events: [],
  links: [],
};
const log: LogSignal = {
  origin,
  timeUnixNano: AT,
  severityNumber: 9,
  severityText: 'info',
  body: 'hello',
  attributes: {},
  traceId: null,
  spanId: null,
};
const metric: MetricSignal = {
  origin,
  name: 'carts',
  unit: '1',
  description: '',
  attributes: {},
  startTimeUnixNano: AT,
  timeUnixNano: AT,
  data: { type: 'gauge', value: 1 },
};

describe('a batch', () => {
  it('goes to its stores, and is counted as stored', async () => {
    const { accept, stored, counts } = given();
    expect(await accept({ spans: [span, span], logs: [log], metrics: [metric] })).toEqual(taken);
    expect(stored).toEqual({ spans: [span, span], logs: [log], metrics: [metric] });
    expect(counts()).toEqual({ 'stored spans': 2, 'stored logs': 1, 'stored metrics': 1 });
  });

  it('without spans asks nothing of the store of spans', async () => {
    const { accept } = given({ traces: async () => later });
    expect(await accept({ logs: [log] })).toEqual(taken);
  });

  it('of more than two thousand is written in parts, in order', async () => {
    const { accept, stored, writes } = given();
    const logs = Array.from({ length: 4_500 }, (_, at) => ({ ...log, body: at }));
    expect(await accept({ logs })).toEqual(taken);
    expect(writes).toEqual([2_000, 2_000, 500]);
    expect(stored.logs.map(({ body }) => body)).toEqual(logs.map(({ body }) => body));
  });
});

describe('what is refused', () => {
  it('are the spans that a trace has too many of, over all its batches', async () => {
    const { accept, stored, counts } = given({ maxSpansOfTrace: 3 });
    const ids = ['01', '02', '03', '04'];
    const [first = span, second = span, third = span, fourth = span] = ids.map((end) => ({
      ...span,
      spanId: `00f067aa0ba902${end}`,
    }));
    await accept({ spans: [first, second] });
    const answer = await accept({ spans: [third, fourth] });
    expect(answer).toEqual({ status: 'taken', refused: [{ signal: 'spans', reason: 'trace_too_large', count: 1 }] });
    expect(stored.spans).toHaveLength(3);
    expect(counts()).toEqual({ 'stored spans': 3, 'refused spans trace_too_large': 1 });
  });

  it('is told and counted exactly, by the rules and by the stores together', async () => {
    const { accept, counts } = given({
      logs: async () => ({ status: 'taken', refused: [{ signal: 'logs', reason: 'too_old', count: 2 }] }),
    });
    const answer = await accept({ spans: [span, { ...span, traceId: '' }], logs: [log, log, log] });
    expect(answer).toEqual({
      status: 'taken',
      refused: [
        { signal: 'spans', reason: 'invalid_trace_id', count: 1 },
        { signal: 'logs', reason: 'too_old', count: 2 },
      ],
    });
    expect(counts()).toEqual({
      'refused spans invalid_trace_id': 1,
      'refused logs too_old': 2,
      'stored spans': 1,
      'stored logs': 1,
    });
  });
});

describe('a store that cannot take anything', () => {
  it.each<[string, () => Promise<SinkAnswer>]>([
    ['says so', async () => later],
    ['throws', () => Promise.reject(new Error('disk'))],
    [
      'throws at once',
      () => {
        throw new Error('disk');
      },
    ],
  ])('and %s makes the whole batch come again, counted only when it is taken', async (_, write) => {
    let isDown = true;
    const { accept, counts, stored } = given({ logs: () => (isDown ? write() : Promise.resolve(taken)) });
    const batch = { spans: [span], logs: [log], metrics: [{ ...metric, name: '' }] };
    expect(await accept(batch)).toMatchObject({ status: 'later', retryAfterMs: expect.any(Number) });
    expect(stored.spans).toHaveLength(1);
    expect(counts()).toEqual({});

    isDown = false;
    expect(await accept(batch)).toMatchObject({ status: 'taken' });
    expect(counts()).toEqual({ 'refused metrics invalid_name': 1, 'stored spans': 1, 'stored logs': 1 });
  });

  it('is one line in the log, and one when it is back', async () => {
    let isDown = true;
    const { accept, lines, analyst } = given({ logs: async () => (isDown ? later : taken) });
    for (let at = 0; at < 5; at += 1) await accept({ logs: [log] });
    expect([...analyst.stores.failing()]).toEqual([['logs', 'store_full']]);
    isDown = false;
    for (let at = 0; at < 5; at += 1) await accept({ logs: [log] });
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect([...analyst.stores.failing()]).toEqual([]);
  });
});

describe('secrets', () => {
  it('are masked wherever they stand, before anything is stored', async () => {
    const { accept, stored } = given();
    const mail = 'ask jane.doe@example.org today';
    const attributes = {
      mail,
      list: ['x', mail],
      map: { 'db.password': 'p', deep: { mail } },
      card: 4_111_111_111_111_111,
    };
    await accept({
      spans: [
        {
          ...span,
          origin: { ...origin, resource: { owner: mail } },
          name: mail,
          status: { code: 'error', message: 'bearer abc.def' },
          attributes: { ...attributes, 'http.request.header.authorization': 'x', 'gen_ai.usage.input_tokens': 4_000 },
          events: [{ timeUnixNano: AT, name: mail, attributes }],
        },
      ],
      logs: [{ ...log, body: { text: mail, api_key: 'k' }, attributes }],
      metrics: [{ ...metric, attributes: { mail } }],
    });
    const text = JSON.stringify(stored, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    for (const secret of ['jane.doe', 'abc.def', '"p"', '"k"', '4111111111111111', 'authorization":"x'])
      expect(text, secret).not.toContain(secret);
    expect(stored.spans[0]).toMatchObject({
      name: 'ask **** today',
      attributes: { 'gen_ai.usage.input_tokens': 4_000 },
    });
  });

  const SECRET = 'ask jane.doe@example.org today';
  it.each([
    ['the service', { origin: { ...origin, service: SECRET } }],
    ['the resource', { origin: { ...origin, resource: { owner: SECRET } } }],
    ['the scope', { origin: { ...origin, scopeName: SECRET } }],
    ['the version of the scope', { origin: { ...origin, scopeVersion: SECRET } }],
    ['the name', { name: SECRET }],
    ['the status', { status: { code: 'error' as const, message: SECRET } }],
    ['an attribute', { attributes: { note: SECRET } }],
    ['the name of an event', { events: [{ timeUnixNano: AT, name: SECRET, attributes: {} }] }],
    ['an attribute of an event', { events: [{ timeUnixNano: AT, name: 'e', attributes: { note: SECRET } }] }],
  ])('are masked when a span has one in nothing but %s', async (_, fields) => {
    const { accept, stored } = given();
    await accept({ spans: [{ ...span, ...fields }], logs: [], metrics: [] });
    const text = JSON.stringify(stored.spans, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(text).toContain('ask **** today');
    expect(text).not.toContain('jane.doe');
  });
});

describe('closing', () => {
  it('waits for what is being written and takes nothing more', async () => {
    let finish = () => {};
    const { accept, analyst } = given({
      logs: () =>
        new Promise((resolve) => {
          finish = () => resolve(taken);
        }),
    });
    const first = accept({ logs: [log] });
    await new Promise((resolve) => setImmediate(resolve));
    let isClosed = false;
    const closing = analyst.close().then(() => {
      isClosed = true;
    });
    expect(await accept({ logs: [log] })).toMatchObject({ status: 'later', reason: 'closing' });
    expect(isClosed).toBe(false);
    finish();
    await closing;
    expect(await first).toEqual(taken);
    await analyst.close();
  });
});

const taken: SinkAnswer = { status: 'taken', refused: [] };
const later: SinkAnswer = { status: 'later', reason: 'store_full', retryAfterMs: 100 };

/** Stores in memory, since real ones do not fail on command. */
function given({
  traces,
  logs,
  metrics,
  maxSpansOfTrace = 50_000,
}: {
  traces?: () => Promise<SinkAnswer>;
  logs?: () => Promise<SinkAnswer>;
  metrics?: () => Promise<SinkAnswer>;
  maxSpansOfTrace?: number;
} = {}) {
  const stored = { spans: [] as SpanSignal[], logs: [] as LogSignal[], metrics: [] as MetricSignal[] };
  const writes: number[] = [];
  const into = <T>(list: T[], answer: () => Promise<SinkAnswer> = async () => taken) => {
    return (items: readonly T[]) => {
      list.push(...items);
      writes.push(items.length);
      return answer();
    };
  };
  const lines: { level: string }[] = [];
  const counts = new Map<string, number>();
  const telemetry: Telemetry = {
    ...createTelemetry({
      serviceName: 'tracepost-analyst',
      terminalLevel: 'debug',
      write: (line) => lines.push(JSON.parse(line)),
    }),
    metrics: {
      add: (name, value, attributes) => {
        // Of what was received there is a test of its own.
        if (name === 'tracepost.ingest.received') return;
        const words = [name.replace('tracepost.ingest.', ''), ...Object.values(attributes ?? {})].join(' ');
        counts.set(words, (counts.get(words) ?? 0) + value);
      },
      record: () => {},
      observe: () => () => {},
    },
  };
  const analyst = createAnalyst({
    traces: { writeSpans: into(stored.spans, traces) },
    traceSummaries: null,
    maxSpansOfTrace,
    logs: { writeLogs: into(stored.logs, logs) },
    metrics: { writeMetrics: into(stored.metrics, metrics) },
    telemetry,
    now: () => NOW,
  });
  const accept = (batch: Partial<SignalBatch>) => analyst.sink.accept({ spans: [], logs: [], metrics: [], ...batch });
  return { analyst, accept, stored, writes, lines, counts: () => Object.fromEntries(counts) };
}
