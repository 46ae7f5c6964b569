import type { LogSignal, MetricSignal, Origin, SignalBatch, SinkAnswer, SpanSignal } from '@tracepost/contracts';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../src/index.ts';
import { createSeenBefore } from '../src/seen-before.ts';

const NOW = 1_780_000_000_000;
const AT = BigInt(NOW) * 1_000_000n;
const house = {
  service: 'tracepost-agents',
  resource: { 'service.name': 'tracepost-agents', 'service.instance.id': 'a', 'telemetry.distro.name': 'tracepost' },
  scopeName: 'tracepost-agents',
  scopeVersion: '1',
};
const other = { service: 'shop', resource: { 'service.name': 'shop' }, scopeName: 'shop', scopeVersion: '1' };

const span = (id: number, origin: Origin = house): SpanSignal => ({
  ...{ origin, traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: String(id).padStart(16, '1'), parentSpanId: null },
  ...{ name: 'GET /cart', kind: 'server', startTimeUnixNano: AT, endTimeUnixNano: AT },
  ...{ status: { code: 'unset', message: '' }, attributes: {}, events: [], links: [] },
});
const log = (micros: number, origin: Origin = house): LogSignal => ({
  ...{ origin, timeUnixNano: AT + BigInt(micros) * 1_000n, severityNumber: 9, severityText: 'info', body: 'hello' },
  ...{ attributes: {}, traceId: null, spanId: null },
});
const point = (shop: string, origin: Origin = house): MetricSignal => ({
  ...{ origin, name: 'carts', unit: '1', description: '', attributes: { shop } },
  ...{ startTimeUnixNano: AT, timeUnixNano: AT, data: { type: 'gauge', value: 1 } },
});

describe('what is received', () => {
  it('is ours or of others, and always what was stored and refused together', async () => {
    const { accept, counts } = given();
    await accept({ spans: [span(1), span(2), span(3, other), { ...span(4), traceId: '' }], logs: [log(1)] });
    expect(counts()).toEqual({
      'received spans house': 3,
      'received spans other': 1,
      'refused spans invalid_trace_id': 1,
      'stored spans': 3,
      'received logs house': 1,
      'stored logs': 1,
    });
  });

  it('counts once, however often it comes, and is stored once', async () => {
    const { accept, counts, stored } = given();
    const batch = { spans: [span(1), span(2)], logs: [log(1), log(2)], metrics: [point('a'), point('b')] };
    await accept(batch);
    await accept({ ...batch, spans: [span(2), span(3)], logs: [log(2), log(2), log(3)], metrics: [point('b')] });
    expect(counts()).toEqual({
      ...{ 'received spans house': 3, 'stored spans': 3, 'repeated spans': 1 },
      ...{ 'received logs house': 3, 'stored logs': 3, 'repeated logs': 2 },
      ...{ 'received metrics house': 2, 'stored metrics': 2, 'repeated metrics': 1 },
    });
    expect(stored()).toEqual({ spans: 3, logs: 3, metrics: 2 });
  });

  it('counts once when the second comes while the first is being written', async () => {
    const { accept, counts, hold } = given();
    const goOn = hold();
    const both = [accept({ logs: [log(1), log(2)] }), accept({ logs: [log(1), log(2)] })];
    await new Promise((resolve) => setImmediate(resolve));
    goOn();
    await Promise.all(both);
    expect(counts()).toEqual({ 'received logs house': 2, 'stored logs': 2, 'repeated logs': 2 });
  });

  it('is new again when it was told to come later', async () => {
    const { accept, counts, answer } = given();
    answer({ status: 'later', reason: 'full', retryAfterMs: 1 });
    expect(await accept({ logs: [log(1)] })).toMatchObject({ status: 'later' });
    expect(counts()).toEqual({});
    answer({ status: 'taken', refused: [] });
    await accept({ logs: [log(1)] });
    expect(counts()).toEqual({ 'received logs house': 1, 'stored logs': 1 });
  });

  it('of others is counted as it comes: nobody knows whether two equal lines of theirs are one', async () => {
    const { accept, counts } = given();
    await accept({ logs: [log(1, other), log(1, other)] });
    expect(counts()).toEqual({ 'received logs other': 2, 'stored logs': 2 });
  });
});

function given() {
  const counts = new Map<string, number>();
  const stored = { spans: 0, logs: 0, metrics: 0 };
  let answer: SinkAnswer = { status: 'taken', refused: [] };
  let held = Promise.resolve();
  const into = (signal: keyof typeof stored) => async (items: readonly unknown[]) => {
    await held;
    if (answer.status === 'taken') stored[signal] += items.length;
    return answer;
  };
  const telemetry: Telemetry = {
    ...createTelemetry({ serviceName: 'tracepost-analyst' }),
    metrics: {
      add: (name, value, attributes) => {
        const words = [name.replace('tracepost.ingest.', ''), ...Object.values(attributes ?? {})].join(' ');
        counts.set(words, (counts.get(words) ?? 0) + value);
      },
      record: () => {},
      observe: () => () => {},
    },
  };
  const analyst = createAnalyst({
    traces: { writeSpans: into('spans') },
    traceSummaries: null,
    logs: { writeLogs: into('logs') },
    metrics: { writeMetrics: into('metrics') },
    seen: createSeenBefore(),
    telemetry,
    now: () => NOW,
  });
  return {
    accept: (batch: Partial<SignalBatch>) => analyst.sink.accept({ spans: [], logs: [], metrics: [], ...batch }),
    counts: () => Object.fromEntries(counts),
    stored: () => stored,
    answer: (next: SinkAnswer) => {
      answer = next;
    },
    hold: () => {
      let goOn = () => {};
      held = new Promise((resolve) => {
        goOn = resolve;
      });
      return goOn;
    },
  };
}
