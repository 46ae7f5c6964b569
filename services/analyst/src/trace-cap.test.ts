import type { SpanSignal } from '@tracepost/contracts';
import { Refusals } from '@tracepost/otlp-receiver';
import { expect, it } from 'vitest';
import { createTraceCap } from './trace-cap.ts';

it('takes the spans of a trace up to the limit, in a batch and over several, and counts the rest', () => {
  const cap = createTraceCap({ maxSpans: 5 });
  expect(take(cap, spansOf('a', 3))).toEqual({ kept: 3, refused: [] });
  expect(take(cap, [...spansOf('a', 4), ...spansOf('b', 5)])).toEqual({
    kept: 7,
    refused: [{ signal: 'spans', reason: 'trace_too_large', count: 2 }],
  });
  expect(take(cap, spansOf('a', 1)).kept).toBe(0);
});

it('does not count what is told to come again', () => {
  const cap = createTraceCap({ maxSpans: 5 });
  for (let time = 0; time < 3; time += 1) expect(cap.admit(spansOf('a', 5), new Refusals())).toHaveLength(5);
});

it("leaves a tenant's room to it, whoever sends spans under its trace id", () => {
  const cap = createTraceCap({ maxSpans: 5 });
  expect(take(cap, spansOf('a', 9, { 'tracepost.tenant.id': 'other' })).kept).toBe(5);
  expect(take(cap, spansOf('a', 5, { 'tracepost.tenant.id': 'mine' })).kept).toBe(5);
  expect(take(cap, spansOf('a', 5)).kept).toBe(5);
});

it('holds no more traces than two generations, and keeps count of one that goes on', () => {
  const cap = createTraceCap({ maxSpans: 200, perGeneration: 10 });
  let kept = 0;
  for (let round = 0; round < 100; round += 1) {
    for (let other = 0; other < 4; other += 1) take(cap, spansOf(`${round} ${other}`, 1));
    kept += take(cap, spansOf('endless', 10)).kept;
  }
  expect(kept).toBe(200);
});

function take(cap: ReturnType<typeof createTraceCap>, spans: readonly SpanSignal[]) {
  const refusals = new Refusals();
  const kept = cap.admit(spans, refusals);
  cap.remember(kept);
  return { kept: kept.length, refused: refusals.list() };
}

function spansOf(traceId: string, count: number, attributes: SpanSignal['attributes'] = {}): SpanSignal[] {
  const span: SpanSignal = {
    origin: { service: 'shop', resource: {}, scopeName: '', scopeVersion: '' },
    traceId,
    spanId: '00f067aa0ba902b7',
    parentSpanId: null,
    name: 'loop',
    kind: 'internal',
    startTimeUnixNano: 1n,
    endTimeUnixNano: 1n,
    status: { code: 'unset', message: '' },
    attributes,
    events: [],
    links: [],
  };
  return Array.from({ length: count }, () => span);
}
