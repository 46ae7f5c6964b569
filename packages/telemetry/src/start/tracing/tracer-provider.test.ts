import {
  type Context,
  context,
  INVALID_SPANID,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTracerProvider } from './tracer-provider.ts';

const resource = resourceFromAttributes({ 'service.name': 'shop' });
const REMOTE = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: 0,
  isRemote: true,
};
const AT: [number, number] = [1_780_000_000, 500];
const LATER: [number, number] = [1_780_000_001, 400];

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => context.disable());

/** What the SDK makes of the same calls is what ours has to make of them. */
describe('a span is what the SDK would have made of it', () => {
  const cases: Readonly<Record<string, (tracer: Tracer) => void>> = {
    'when nothing is said about it': (tracer) => tracer.startSpan('bare', { startTime: AT }).end(LATER),
    'with attributes, some of them nothing': (tracer) =>
      tracer
        .startSpan('a', { startTime: AT, kind: SpanKind.CLIENT, attributes: { a: 1, none: undefined, '': 'x' } })
        .setAttribute('b', ['x', 'y'])
        .setAttribute('a', 2)
        .setAttributes({ c: true, none: undefined })
        .end(LATER),
    'with more attributes than are allowed': (tracer) => {
      const span = tracer.startSpan('many', { startTime: AT });
      for (let at = 0; at < 200; at += 1) span.setAttribute(`k${at}`, at);
      span.setAttribute('k0', 'again').end(LATER);
    },
    'with events in every form': (tracer) =>
      tracer
        .startSpan('events', { startTime: AT })
        .addEvent('a', { n: 1 }, AT)
        .addEvent('b', AT)
        .addEvent('c', new Date(1_780_000_000_123))
        .addEvent('d', undefined, 1_780_000_000_456)
        .end(LATER),
    'with links': (tracer) =>
      tracer
        .startSpan('links', { startTime: AT, links: [{ context: REMOTE, attributes: { a: 1 } }] })
        .addLink({ context: REMOTE })
        .addLinks([{ context: REMOTE }, { context: REMOTE }])
        .end(LATER),
    'with every order of statuses': (tracer) => {
      const { UNSET, OK, ERROR } = SpanStatusCode;
      for (const codes of [[ERROR, UNSET], [ERROR, OK], [OK, ERROR], [ERROR, ERROR], [OK, UNSET], [UNSET]]) {
        const span = tracer.startSpan('status', { startTime: AT });
        for (const [at, code] of codes.entries()) span.setStatus({ code, message: `number ${at}` });
        span.end(LATER);
      }
    },
    'with exceptions': (tracer) => {
      const span = tracer.startSpan('exceptions', { startTime: AT });
      span.recordException('just a word', AT);
      span.recordException({ name: 'TypeError', message: 'no', stack: 'at x' }, AT);
      span.recordException({ code: 'ENOENT', message: 'no file' }, AT);
      span.end(LATER);
    },
    renamed: (tracer) => tracer.startSpan('before', { startTime: AT }).updateName('after').end(LATER),
    'after its end, when nothing counts any more': (tracer) => {
      const span = tracer.startSpan('ended', { startTime: AT });
      span.end(LATER);
      span.setAttribute('a', 1).addEvent('e').addLink({ context: REMOTE }).updateName('x').setStatus({ code: 2 });
      span.end(AT);
    },
    'when it ends before it begins': (tracer) => tracer.startSpan('back', { startTime: LATER }).end(AT),
  };

  it.each(Object.entries(cases))('%s', (_, make) => {
    const ours = givenOurs();
    const theirs = givenTheirs();
    make(ours.tracer);
    make(theirs.tracer);
    expect(ours.spans.map(shown)).toEqual(theirs.spans.map(shown));
    expect(ours.spans).not.toHaveLength(0);
  });
});

describe('a span belongs', () => {
  it('to the trace of its parent, and is sampled even if that was not', () => {
    const { tracer, spans } = givenOurs();
    tracer.startSpan('child', {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE)).end();
    const [child] = spans;
    expect(child?.spanContext()).toMatchObject({ traceId: REMOTE.traceId, traceFlags: 1 });
    expect(child?.spanContext().spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(child?.parentSpanContext).toBe(REMOTE);
  });

  it.each<[string, Context]>([
    ['without a parent', ROOT_CONTEXT],
    ['with a parent that is none', trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, spanId: INVALID_SPANID })],
  ])('to a trace of its own %s', (_, given) => {
    const { tracer, spans } = givenOurs();
    tracer.startSpan('a', {}, given).end();
    tracer.startSpan('b', {}, given).end();
    const ids = spans.map((span) => span.spanContext().traceId);
    expect(new Set([...ids, REMOTE.traceId]).size).toBe(3);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(spans[0]?.parentSpanContext).toBeUndefined();
  });

  it('to a trace of its own when it is told to be a root', () => {
    const { tracer, spans } = givenOurs();
    tracer.startSpan('root', { root: true }, trace.setSpanContext(ROOT_CONTEXT, REMOTE)).end();
    expect(spans[0]?.spanContext().traceId).not.toBe(REMOTE.traceId);
  });

  it('to nothing where tracing is suppressed', () => {
    const { tracer, spans } = givenOurs();
    const span = tracer.startSpan('silent', {}, suppressTracing(ROOT_CONTEXT));
    expect(span.isRecording()).toBe(false);
    span.end();
    expect(spans).toEqual([]);
  });
});

describe('an active span', () => {
  it('is the parent of what is made inside, in every form of the call', () => {
    const { tracer, spans } = givenOurs();
    const inside = (outer: Span) => {
      tracer.startSpan('inner').end();
      outer.end();
      return outer.spanContext().spanId;
    };
    const ids = [
      tracer.startActiveSpan('a', inside),
      tracer.startActiveSpan('b', { kind: SpanKind.SERVER }, inside),
      tracer.startActiveSpan('c', {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE), inside),
    ];
    const inner = spans.filter(({ name }) => name === 'inner');
    expect(inner.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(ids);
    expect(spans.find(({ name }) => name === 'c')?.parentSpanContext).toBe(REMOTE);
  });
});

describe('times', () => {
  it('are those of now, in order and finer than a millisecond', () => {
    const { tracer, spans } = givenOurs();
    const before = Date.now() - 20;
    for (let at = 0; at < 50; at += 1) tracer.startSpan(`${at}`).end();
    const starts = spans.map(({ startTime: [seconds, nanos] }) => seconds * 1e3 + nanos / 1e6);
    expect([...starts].sort((a, b) => a - b)).toEqual(starts);
    expect(starts[0]).toBeGreaterThanOrEqual(before);
    expect(starts.at(-1)).toBeLessThanOrEqual(Date.now() + 20);
    expect(new Set(starts).size).toBeGreaterThan(10);
  });

  it('give a duration', () => {
    const { tracer, spans } = givenOurs();
    tracer.startSpan('a', { startTime: AT }).end(LATER);
    expect(spans[0]?.duration).toEqual([0, 999_999_900]);
  });
});

function givenOurs() {
  const spans: ReadableSpan[] = [];
  return { tracer: createTracerProvider(resource, (span) => spans.push(span)).getTracer('shop', '1'), spans };
}

function givenTheirs() {
  const spans: ReadableSpan[] = [];
  const provider = new TracerProvider({
    resource,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => void spans.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  return { tracer: provider.getTracer('shop', '1'), spans };
}

/** All that is exported, but the ids, which are new each time. */
function shown(span: ReadableSpan) {
  const { name, kind, startTime, endTime, status, attributes, ended, duration } = span;
  return {
    ...{ name, kind, startTime, endTime, status, attributes, ended, duration },
    events: span.events.map((event) => ({ name: event.name, time: event.time, attributes: event.attributes ?? {} })),
    links: span.links.map((link) => ({ context: link.context, attributes: link.attributes ?? {} })),
    scope: { name: span.instrumentationScope.name, version: span.instrumentationScope.version },
    resource: span.resource.attributes,
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
  };
}
