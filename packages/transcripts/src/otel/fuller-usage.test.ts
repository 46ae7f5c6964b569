import type { Attributes, SessionDocument, TokenUsage } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { uniteDocuments } from '../unite-documents.ts';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';

const outer = (attributes: Attributes) =>
  givenSpan({
    spanId: 'a0',
    endMs: 500,
    attributes: { 'ai.operationId': 'ai.streamText', 'session.id': 's', ...attributes },
  });
const inner = (spanId: string, attributes: Attributes, startMs = 100) =>
  givenSpan({
    spanId,
    parentSpanId: 'a0',
    startMs,
    attributes: { 'ai.operationId': 'ai.streamText.doStream', 'session.id': 's', ...attributes },
  });
const sums = { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 50 };
const all = {
  'ai.usage.inputTokens': 1000,
  'ai.usage.outputTokens': 50,
  'ai.usage.inputTokenDetails.cacheReadTokens': 800,
  'ai.usage.inputTokenDetails.cacheWriteTokens': 150,
  'ai.usage.outputTokenDetails.reasoningTokens': 30,
};
const used = (document: SessionDocument | undefined): readonly (TokenUsage | null)[] =>
  (document?.calls ?? []).map(({ usage }) => usage);
const FULL = [{ input: 1000, cacheRead: 800, cacheWrite5m: 150, cacheWrite1h: 0, output: 50, reasoning: 30 }];

it('a call is told with what only the span around it tells apart', () => {
  expect(used(readSpans([outer(all), inner('a1', sums)])[0])).toEqual(FULL);
});

it('whichever of the two comes first, and how often', () => {
  const [one, other] = [outer(all), inner('a1', sums)].map((span) => readSpans([span])[0] as SessionDocument);
  const both = readSpans([outer(all), inner('a1', sums)])[0] as SessionDocument;
  if (!one || !other) throw new Error('each span has a document');
  for (const parts of [
    [one, other],
    [other, one],
    [both, other],
    [other, both, one],
  ])
    expect(used(parts.reduce(uniteDocuments))).toEqual(FULL);
});

it('but not where it sums up several, or tells of other numbers', () => {
  const two = [inner('a1', sums), inner('a2', sums, 300)];
  const twice = { ...all, 'ai.usage.inputTokens': 2000, 'ai.usage.outputTokens': 100 };
  expect(used(readSpans([outer(twice), ...two])[0]).map((usage) => usage?.cacheRead)).toEqual([0, 0]);
  const others = outer({ ...all, 'ai.usage.outputTokens': 51 });
  expect(used(readSpans([others, inner('a1', sums)])[0]).map((usage) => usage?.cacheRead)).toEqual([0]);
});

it('of two around it the one that tells most counts, whichever came first', () => {
  const around = (spanId: string, parentSpanId: string | null, attributes: Attributes) =>
    givenSpan({
      spanId,
      parentSpanId,
      endMs: 900,
      attributes: { 'session.id': 's', 'gen_ai.operation.name': 'chat', ...sums, ...attributes },
    });
  const some = { 'gen_ai.usage.cache_read.input_tokens': 800 };
  const spans = [
    around('b0', null, { ...some, 'gen_ai.usage.reasoning_tokens': 30 }),
    around('a0', 'b0', some),
    inner('a1', sums),
  ];
  const [one, two, three] = spans.map((span) => readSpans([span])[0] as SessionDocument);
  if (!one || !two || !three) throw new Error('each span has a document');
  const whole = used(readSpans(spans)[0]);
  expect(whole).toMatchObject([{ cacheRead: 800, reasoning: 30 }]);
  for (const parts of [
    [one, two, three],
    [three, two, one],
    [two, three, one],
    [one, three, two],
  ])
    expect(used(parts.reduce(uniteDocuments))).toEqual(whole);
});

it('also where an attempt failed beside it', () => {
  const failed = inner('a9', { 'error.type': 'overloaded' }, 20);
  const parts = [outer(all), inner('a1', sums), failed].map((span) => readSpans([span])[0] as SessionDocument);
  const whole = used(readSpans([outer(all), inner('a1', sums), failed])[0]);
  expect(whole).toEqual([null, ...FULL]);
  expect(used(parts.reduce(uniteDocuments))).toEqual(whole);
});

it('a span that only seemed to lie around a call, until its parent came, tells nothing of it', () => {
  const chat = { 'session.id': 's', 'gen_ai.operation.name': 'chat', ...sums };
  const parent = givenSpan({ spanId: 'c0', endMs: 500, attributes: { ...chat, 'gen_ai.usage.reasoning_tokens': 30 } });
  const call = givenSpan({ spanId: 'c1', parentSpanId: 'c0', startMs: 100, attributes: chat });
  const other = givenSpan({
    spanId: 'o0',
    endMs: 900,
    attributes: { ...chat, 'gen_ai.usage.cache_read.input_tokens': 800 },
  });
  const [one, two, three] = [other, call, parent].map((span) => readSpans([span])[0] as SessionDocument);
  if (!one || !two || !three) throw new Error('each span has a document');
  expect(used(uniteDocuments(one, two))).toMatchObject([{ cacheRead: 800 }]);
  const whole = used(readSpans([other, call, parent])[0]);
  expect(whole).toContainEqual(expect.objectContaining({ cacheRead: 0, reasoning: 30 }));
  expect(used([one, two, three].reduce(uniteDocuments))).toEqual(whole);
});
