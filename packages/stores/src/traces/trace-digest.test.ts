import type { SpanSignal } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nanos, originOf } from '../contract/sample-signals.ts';
import { countOf, hashSpanId, idSample, readSample, writeSample } from './id-sample.ts';
import { digestSpans, mergeDigests, type TraceDigest, toTraceSummary } from './trace-digest.ts';
import { readTerms, termText, writeTerms } from './trace-terms.ts';

const TRACE_ID = 'a'.repeat(32);
const word = fc.oneof(fc.constantFrom('a', 'b', 'c', 'tracepost.task.id', 'http.route'), fc.string({ maxLength: 300 }));
const aSpan: fc.Arbitrary<SpanSignal> = fc.record({
  origin: fc.record({
    service: word,
    resource: fc.dictionary(word, word, { maxKeys: 3 }),
    scopeName: fc.constant(''),
    scopeVersion: fc.constant(''),
  }),
  traceId: fc.constant(TRACE_ID),
  spanId: fc.integer({ min: 1, max: 40 }).map((id) => id.toString(16).padStart(16, '0')),
  parentSpanId: fc.constantFrom(null, 'b'.repeat(16)),
  name: word,
  kind: fc.constant('internal' as const),
  startTimeUnixNano: fc.integer({ min: -3, max: 3 }).map((ms) => nanos(ms)),
  endTimeUnixNano: fc.integer({ min: 4, max: 6 }).map((ms) => nanos(ms)),
  status: fc.record({ code: fc.constantFrom('unset' as const, 'error' as const), message: fc.constant('') }),
  attributes: fc.dictionary(word, fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(['x'])), {
    maxKeys: 12,
  }),
  events: fc.constant([]),
  links: fc.constant([]),
});
const spans = fc.array(aSpan, { minLength: 1, maxLength: 25 });

describe('the digest of a trace', () => {
  test('is the same whatever the pieces, their order and how often they come', () => {
    fc.assert(
      fc.property(spans, fc.array(fc.nat({ max: 24 }), { maxLength: 30 }), (all, again) => {
        const pieces = [...all, ...again.flatMap((at) => all[at] ?? [])];
        const shuffled = pieces.map((piece, at) => ({ piece, at: (at * 7919) % 31 })).sort((a, b) => a.at - b.at);
        const inPieces = shuffled.map(({ piece }) => digestOf([piece])).reduce(mergeDigests);
        const halves = mergeDigests(digestOf(all.slice(0, 9)), digestOf(all));
        expect(plain(inPieces)).toBe(plain(digestOf(all)));
        expect(plain(halves)).toBe(plain(digestOf(all)));
      }),
    );
  });

  test('is the same when each piece has more than a summary holds', () => {
    const crowd = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => sampleSpan(from + index));
    const [a, b, c] = [digestOf(crowd(0, 900)), digestOf(crowd(300, 1_500)), digestOf(crowd(1_200, 2_500))];
    const whole = plain(digestOf(crowd(0, 2_500)));
    expect(plain(mergeDigests(mergeDigests(a, b), c))).toBe(whole);
    expect(plain(mergeDigests(c, mergeDigests(b, a)))).toBe(whole);
    expect(plain(mergeDigests(digestOf(crowd(0, 2_500)), b))).toBe(whole);
  });

  test('leaves out spans whose times no store could keep', () => {
    const good = sampleSpan(1);
    const bad = { ...sampleSpan(2), endTimeUnixNano: 2n ** 64n - 1n };
    expect(digestSpans([good, bad]).get(good.traceId)).toEqual(digestOf([good]));
    expect(digestSpans([bad]).size).toBe(0);
  });
});

describe('the terms of a trace', () => {
  test('come back from their text as they were', () => {
    fc.assert(
      fc.property(spans, (all) => {
        const { terms } = digestOf(all);
        expect(readTerms(writeTerms(terms))).toEqual(terms);
      }),
    );
  });

  test('a long text is cut, and still another one than its neighbour', () => {
    const texts = [termText(`${'x'.repeat(500)}a`), termText(`${'x'.repeat(500)}b`)];
    expect(texts.map((text) => text.length)).toEqual([160, 160]);
    expect(texts[0]).not.toBe(texts[1]);
  });
});

describe('the count of spans', () => {
  test('is exact up to 1,024 of them, and within ten per cent past it, for ids that somebody counts up', () => {
    const count = (spanCount: number) =>
      countOf(idSample(Array.from({ length: spanCount }, (_, id) => hashSpanId(id.toString(16).padStart(16, '0')))));
    for (const exact of [0, 1, 1_023, 1_024]) expect(count(exact)).toEqual({ count: exact, isExact: true });
    for (const many of [1_025, 5_000, 100_000]) {
      const { count: estimate, isExact } = count(many);
      expect(isExact).toBe(false);
      expect(Math.abs(estimate - many) / many).toBeLessThan(0.1);
    }
  });

  test('a sample comes back from its text', () => {
    for (const sample of [[], [1], [1, 3, 2 ** 53 - 1]]) expect(readSample(writeSample(sample))).toEqual(sample);
    expect(idSample([3, 1, 3])).toEqual([1, 3]);
  });
});

function digestOf(all: readonly SpanSignal[]): TraceDigest {
  const digest = digestSpans(all).get(all[0]?.traceId ?? '');
  if (!digest) throw new Error('No digest');
  return digest;
}

function plain(digest: TraceDigest): string {
  return JSON.stringify([toTraceSummary(TRACE_ID, digest, 0), digest.spans, digest.errors, digest.root]);
}

function sampleSpan(index: number): SpanSignal {
  return {
    origin: originOf(`service-${index % 50}`),
    traceId: TRACE_ID,
    spanId: index.toString(16).padStart(16, '0'),
    parentSpanId: null,
    name: `span ${index}`,
    kind: 'internal',
    startTimeUnixNano: nanos(index % 13),
    endTimeUnixNano: nanos(20),
    status: { code: 'ok', message: '' },
    attributes: { [`key-${index % 300}`]: index, 'tracepost.task.id': `task-${index}`, 'tracepost.agent.id': 'a' },
    events: [],
    links: [],
  };
}
