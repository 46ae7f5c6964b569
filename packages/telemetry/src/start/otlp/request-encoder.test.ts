import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestEncoder } from './request-encoder.ts';
import { writeLogRecord } from './write-log-record.ts';
import { writeSpan } from './write-span.ts';

const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.version': '1' });
const MAX = 10_000_000;

/** The SDK's own serialiser is slower and beyond doubt: every byte has to be the same. */
describe('the bytes of a request', () => {
  it('of spans are those of the SDK, whatever a span holds', () => {
    const { tracer, spans } = givenTracer();
    const remote = {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 1,
      isRemote: true,
      traceState: createTraceState('a=1,b=2'),
    };
    const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
    tracer.startSpan('', {}, parent).end();
    for (const kind of [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
      const span = tracer.startSpan(`of kind ${kind}`, {
        kind,
        attributes: { text: 'grüße 🌍', empty: '', long: 'x'.repeat(70_000), list: ['a', 'ü'], yes: true, none: false },
        links: [{ context: remote, attributes: { a: 1 } }, { context: { ...remote, isRemote: false } }],
        startTime: [1_780_000_000, 999_999_999],
      });
      span.addEvent('retry', { attempt: 2, why: 'ö' });
      span.addEvent('bare');
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'nö' });
      span.end();
    }
    expectSameSpans(spans);
  });

  it('of log records are those of the SDK, whatever a record holds', () => {
    const { logger, records } = givenLogger();
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 1,
    });
    const bodies = [
      'text',
      '',
      { a: { b: [1, 'x', true, null] } },
      ['y', 1.5],
      new Uint8Array([1, 2, 255]),
      7,
      undefined,
    ];
    for (const body of bodies)
      logger.emit({ body: body as never, severityNumber: 13, severityText: 'warn', attributes: { n: -1 }, context });
    logger.emit({ eventName: 'cart.empty', timestamp: [1_780_000_000, 1], observedTimestamp: [1_780_000_001, 2] });
    expectSameLogs(records);
  });

  it('of any numbers, texts and times are those of the SDK', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.boolean(),
    );
    const seconds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 60 }), value, { maxKeys: 20, noNullPrototype: true }),
        fc.string({ maxLength: 200 }),
        seconds,
        fc.nat(999_999_999),
        (attributes, name, start, nanos) => {
          const { tracer, spans } = givenTracer();
          tracer.startSpan(name, { attributes, startTime: [start, nanos] }).end([start + 1, nanos]);
          expectSameSpans(spans);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('of several services are those of the SDK, which sorts them by scope', () => {
    const { provider, spans } = givenTracer();
    for (const name of ['a', 'b', 'a', 'c', 'b']) provider.getTracer(name, '1').startSpan(`of ${name}`).end();
    expectSameSpans(spans);
  });
});

describe('an encoder', () => {
  it('is empty after it gave its request, and begins anew', () => {
    const { tracer, spans } = givenTracer();
    tracer.startSpan('first').end();
    tracer.startSpan('second').end();
    const encoder = new RequestEncoder<ReadableSpan>(writeSpan);
    const requests = spans.map((span) => {
      encoder.add(span, MAX);
      const request = encoder.take();
      expect(encoder.byteLength).toBe(0);
      return request;
    });
    expect(requests.map(hex)).toEqual(spans.map((span) => hex(serialized([span]))));
    expect(encoder.take()).toHaveLength(0);
  });

  it('leaves out what is too large or cannot be read, and keeps the rest whole', () => {
    const { tracer, spans } = givenTracer();
    tracer.startSpan('small').end();
    tracer.startSpan('large', { attributes: { text: 'x'.repeat(5_000) } }).end();
    const encoder = new RequestEncoder<ReadableSpan>(writeSpan);
    const [small, large] = spans as [ReadableSpan, ReadableSpan];
    const broken = { ...small, spanContext: small.spanContext, instrumentationScope: small.instrumentationScope };
    Object.defineProperty(broken, 'status', {
      get: () => {
        throw new Error('unreadable');
      },
    });
    expect(encoder.add(large, 1_000)).toBeGreaterThan(5_000);
    expect(() => encoder.add(broken as ReadableSpan, 1_000)).toThrow('unreadable');
    encoder.add(small, 1_000);
    expect(hex(encoder.take())).toBe(hex(serialized([small])));
  });
});

function givenTracer() {
  const spans: ReadableSpan[] = [];
  const provider = new TracerProvider({
    resource,
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => void spans.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  return { provider, tracer: provider.getTracer('shop-scope', '1.2.3'), spans };
}

function givenLogger() {
  const records: ReadableLogRecord[] = [];
  const provider = new LoggerProvider({
    resource,
    processors: [
      { onEmit: (record) => void records.push(record), forceFlush: async () => {}, shutdown: async () => {} },
    ],
  });
  return { logger: provider.getLogger('shop-scope', '1.2.3'), records };
}

function expectSameSpans(spans: ReadableSpan[]): void {
  const encoder = new RequestEncoder<ReadableSpan>(writeSpan);
  for (const span of spans) encoder.add(span, MAX);
  expect(hex(encoder.take())).toBe(hex(serialized(spans)));
}

function expectSameLogs(records: ReadableLogRecord[]): void {
  const encoder = new RequestEncoder<ReadableLogRecord>(writeLogRecord);
  for (const record of records) encoder.add(record, MAX);
  const expected = ProtobufLogsSerializer.serializeRequest(records) ?? new Uint8Array();
  expect(hex(encoder.take())).toBe(hex(expected));
}

function serialized(spans: ReadableSpan[]): Uint8Array {
  return ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
