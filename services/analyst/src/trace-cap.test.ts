import type { SpanSignal } from '@tracepost/contracts';
import { Refusals } from '@tracepost/otlp-receiver';
import { expect, it } from 'vitest';
import { createTraceCap, type TraceCap } from './trace-cap.ts';

it('takes the spans of a trace up to the limit, in a batch and over several, and counts the rest', async () => {
  const cap = createTraceCap({ maxSpans: 5 });
  expect(await take(cap, spansOf('a', 3))).toEqual({ kept: 3, refused: [] });
  expect(await take(cap, [...spansOf('a', 4), ...spansOf('b', 5)])).toEqual({
    kept: 7,
    refused: [{ signal: 'spans', reason: 'trace_too_large', count: 2 }],
  });
  expect((await take(cap, spansOf('a', 1))).kept).toBe(0);
});

it('counts a span once, however often it comes: a trace sent twice changes nothing', async () => {
  const cap = createTraceCap({ maxSpans: 5 });
  const [first, second, last] = [spansOf('a', 3), spansOf('a', 1), spansOf('a', 1)];
  for (let time = 0; time < 3; time += 1) expect(await take(cap, first)).toEqual({ kept: 3, refused: [] });
  // Once in a batch, too, and whatever else is in it.
  expect(await take(cap, [...first, ...second, ...first, ...second])).toEqual({ kept: 8, refused: [] });
  expect(await take(cap, [...second, ...last, ...spansOf('a', 2), ...last])).toEqual({
    kept: 3,
    refused: [{ signal: 'spans', reason: 'trace_too_large', count: 2 }],
  });
  // What is there already is not said to be lost when the trace is full.
  expect(await take(cap, [...first, ...last])).toEqual({ kept: 4, refused: [] });
  expect((await take(cap, spansOf('a', 1))).kept).toBe(0);
  expect((await take(cap, [...first, ...spansOf('b', 2)])).kept).toBe(5);
});

it('knows those of a trace as long as may be, sent again whole, and takes no more room than two generations of spans', async () => {
  const cap = createTraceCap({ maxSpans: 50_000 });
  const long = spansOf('a', 26_000);
  for (let time = 0; time < 2; time += 1) expect((await take(cap, long)).kept).toBe(26_000);
  expect((await take(cap, spansOf('a', 24_001))).kept).toBe(24_000);

  const small = createTraceCap({ maxSpans: 100, spansPerGeneration: 10 });
  const old = spansOf('a', 5);
  await take(small, old);
  await take(small, spansOf('b', 6));
  await take(small, old);
  await take(small, spansOf('b', 20));
  // Forgotten: they count again, and the cap holds all the same.
  await take(small, old);
  expect((await take(small, spansOf('a', 100))).kept).toBe(90);
});

it('does not count what is told to come again', async () => {
  const cap = createTraceCap({ maxSpans: 5 });
  for (let time = 0; time < 3; time += 1) {
    const kept = await cap.admit(spansOf('a', 5), new Refusals());
    expect(kept).toHaveLength(5);
    cap.release(kept);
  }
});

it('waits for spans of the trace that are under way where the room depends on what becomes of them', async () => {
  const cap = createTraceCap({ maxSpans: 5 });
  const [stored, later] = [
    await cap.admit(spansOf('a', 2), new Refusals()),
    await cap.admit(spansOf('a', 2), new Refusals()),
  ];
  const refusals = new Refusals();
  let kept: readonly SpanSignal[] | null = null;
  const coming = cap.admit(spansOf('a', 4), refusals).then((admitted) => {
    kept = admitted;
  });
  // Other traces go on.
  expect((await take(cap, spansOf('b', 5))).kept).toBe(5);
  cap.remember(stored);
  cap.release(stored);
  await new Promise((resolve) => setImmediate(resolve));
  expect(kept).toBeNull();
  cap.release(later);
  await coming;
  expect(kept).toHaveLength(3);
  expect(refusals.list()).toEqual([{ signal: 'spans', reason: 'trace_too_large', count: 1 }]);
});

it("leaves a tenant's room to it, whoever sends spans under its trace id", async () => {
  const cap = createTraceCap({ maxSpans: 5 });
  expect((await take(cap, spansOf('a', 9, { 'tracepost.tenant.id': 'other' }))).kept).toBe(5);
  expect((await take(cap, spansOf('a', 5, { 'tracepost.tenant.id': 'mine' }))).kept).toBe(5);
  expect((await take(cap, spansOf('a', 5))).kept).toBe(5);
});

it('holds no more traces than two generations, and keeps count of one that goes on', async () => {
  const cap = createTraceCap({ maxSpans: 200, perGeneration: 10 });
  let kept = 0;
  for (let round = 0; round < 100; round += 1) {
    for (let other = 0; other < 4; other += 1) await take(cap, spansOf(`${round} ${other}`, 1));
    kept += (await take(cap, spansOf('endless', 10))).kept;
  }
  expect(kept).toBe(200);
});

async function take(cap: TraceCap, spans: readonly SpanSignal[]) {
  const refusals = new Refusals();
  const kept = await cap.admit(spans, refusals);
  cap.remember(kept);
  cap.release(kept);
  return { kept: kept.length, refused: refusals.list() };
}

let spans = 0;

function spansOf(traceId: string, count: number, attributes: SpanSignal['attributes'] = {}): SpanSignal[] {
  const span: SpanSignal = {
    origin: { service: 'shop', resource: {}, scopeName: '', scopeVersion: '' },
    traceId,
    spanId: '',
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
  return Array.from({ length: count }, () => ({ ...span, spanId: (++spans).toString(16).padStart(16, '0') }));
}
