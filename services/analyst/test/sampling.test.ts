import type { Attributes, SignalBatch, SinkAnswer, SpanSignal } from '@tracepost/contracts';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAnalyst } from '../src/index.ts';
import { isAmongKept, type SamplingRules } from '../src/sampling/sampling-rules.ts';

const NOW = 1_780_000_000_000;
const origin = { service: 'tracepost-agents', resource: {}, scopeName: 'tracepost-agents', scopeVersion: '1' };
const RULES: SamplingRules = {
  ...{ keepPercent: 0, keepTenants: ['gold'], slowMs: 5_000, expensiveUsd: 0.1, decideAfterMs: 30_000 },
};
const ENDED = { 'tracepost.task.id': 't-1', 'tracepost.task.status': 'succeeded' };

afterEach(() => {
  vi.useRealTimers();
});

describe('a trace, when traces are sampled', () => {
  it.each<[string, Partial<SpanSignal>[]]>([
    ['has a span that failed', [{ status: { code: 'error', message: '' } }]],
    ['has an attempt that failed', [{ attributes: { ...ENDED, 'tracepost.task.status': 'retrying' } }]],
    ['has a task that failed', [{ attributes: { ...ENDED, 'tracepost.task.status': 'timed_out' } }]],
    [
      'was slow as a whole',
      [{ ms: [0, 100] }, { ms: [4_900, 5_000] }].map(({ ms }) => lasting(ms as [number, number])),
    ],
    ['was expensive', [{ attributes: { ...ENDED, 'tracepost.cost_usd': 0.1 } }]],
    [
      'looped or was stopped by a budget',
      [{ attributes: { ...ENDED, 'tracepost.task.stop_reason': 'loop_detected' } }],
    ],
    ['is of a tenant whose traces are kept', [{ attributes: { ...ENDED, 'tracepost.tenant.id': 'gold' } }]],
    ['has a task that has not ended by the time', [{ attributes: { 'tracepost.task.id': 't-2' } }]],
  ])('is kept whole when it %s', async (_, special) => {
    const world = await given();
    await world.accept([span({ attributes: ENDED }), ...special.map((one) => span(one)), span({ attributes: ENDED })]);
    await world.pass(31_000);
    // Whoever comes late comes to the others.
    await world.accept([span({})]);
    await world.written(special.length + 3);
    expect(world.counts()).toMatchObject({ 'stored spans': special.length + 3 });
    expect(world.waiting()).toBe(0);
  });

  it('is left out otherwise, with what comes late, and nothing of it is lost', async () => {
    const world = await given();
    await world.accept([span({ attributes: ENDED }), span({})]);
    expect(world.waiting()).toBe(2);
    await world.pass(29_000);
    expect(world.counts()).toEqual({ 'received spans other': 2 });
    await world.pass(2_000);
    expect(world.counts()).toEqual({ 'received spans other': 2, 'refused spans sampled_out': 2 });
    // Of a task that has ended, though this one does not say so.
    await world.accept([span({ attributes: { 'tracepost.task.id': 't-1' } })]);
    await world.pass(31_000);
    expect(world.counts()).toEqual({ 'received spans other': 3, 'refused spans sampled_out': 3 });
    expect(world.waiting()).toBe(0);
    expect(world.stored()).toEqual([]);
  });

  it('is decided on in its time, also when the clock is set back meanwhile', async () => {
    const world = await given();
    await world.accept([span({ attributes: ENDED }), span({})]);
    vi.setSystemTime(Date.now() - 3_600_000);
    await world.pass(31_000);
    expect(world.counts()).toEqual({ 'received spans other': 2, 'refused spans sampled_out': 2 });
    expect(world.waiting()).toBe(0);
  });

  it.each<[string, Attributes]>([
    ['fails', { 'tracepost.task.status': 'failed' }],
    ['will be tried again', { 'tracepost.task.status': 'retrying' }],
    ['is expensive', { 'tracepost.task.status': 'succeeded', 'tracepost.cost_usd': 0.2 }],
    ['is stopped', { 'tracepost.task.status': 'succeeded', 'tracepost.task.stop_reason': 'budget_cost' }],
    ['has not ended by the time', {}],
  ])('that was left out is kept from the beginning of a task that %s, and from then on', async (_, ending) => {
    const world = await given();
    await world.accept([span({ attributes: ENDED }), span({})]);
    await world.pass(31_000);
    const second = { 'tracepost.task.id': 't-2' };
    await world.accept([span({ attributes: second }), span({})]);
    await world.accept([span({ attributes: { ...second, ...ending } })]);
    await world.pass(31_000);
    await world.accept([span({ attributes: { ...ENDED, 'tracepost.task.id': 't-3' } })]);
    await world.written(4);
    expect(world.counts()).toEqual({
      'received spans other': 6,
      'refused spans sampled_out': 2,
      'stored spans': 4,
    });
    expect(world.waiting()).toBe(0);
  });

  it('that was left out is left out again when another task of it ends well, whatever time lies between', async () => {
    const world = await given();
    for (const task of ['t-1', 't-2', 't-3']) {
      await world.accept([span({ attributes: { ...ENDED, 'tracepost.task.id': task } }), span({})]);
      await world.pass(31_000);
    }
    expect(world.counts()).toEqual({ 'received spans other': 6, 'refused spans sampled_out': 6 });
  });

  it('is kept at the rate that is set, by its id alone', async () => {
    const world = await given({ keepPercent: 25 });
    const ids = Array.from({ length: 400 }, (_, at) => (at + 1).toString(16).padStart(32, 'a'));
    await world.accept(ids.flatMap((traceId) => [span({ traceId, attributes: ENDED }), span({ traceId })]));
    await world.pass(31_000);
    const kept = ids.filter((id) => isAmongKept(id, 25));
    expect(kept.length).toBeGreaterThan(70);
    expect(kept.length).toBeLessThan(130);
    await world.written(2 * kept.length);
    expect(new Set(world.stored())).toEqual(new Set(kept));
    expect(world.counts()).toEqual({
      'received spans other': 800,
      'stored spans': 2 * kept.length,
      'refused spans sampled_out': 800 - 2 * kept.length,
    });
  });

  it('waits in bounds: the oldest is decided on early', async () => {
    const world = await given({}, { maxSpans: 3 });
    for (const id of ['1', '2', '3', '4', '5'])
      await world.accept([span({ traceId: id.repeat(32), attributes: ENDED })]);
    expect(world.waiting()).toBe(3);
    expect(world.counts()).toMatchObject({ 'refused spans sampled_out': 2 });
  });

  it('waits in bounds of its size, too: of large spans fewer are held, and written later', async () => {
    const world = await given({}, { maxHeldCharacters: 5_000 });
    const text = 'x'.repeat(2_000);
    for (const id of ['1', '2', '3'])
      await world.accept([span({ traceId: id.repeat(32), attributes: { ...ENDED, text } })]);
    expect(world.waiting()).toBe(1);
    expect(world.counts()).toMatchObject({ 'refused spans sampled_out': 2 });

    world.answer({ status: 'later', reason: 'full', retryAfterMs: 10 });
    const failed = { status: { code: 'error', message: '' }, attributes: { text } } as const;
    await world.accept([span(failed), span(failed)]);
    expect(await world.accept([span(failed)])).toMatchObject({ status: 'later' });
    world.answer({ status: 'taken', refused: [] });
    await world.pass(100);
    await world.written(2);
    expect(await world.accept([span(failed)])).toMatchObject({ status: 'taken' });
    await world.written(3);
  });

  it('that is to be kept waits while the store is away, and past the bound the sender is told to come again', async () => {
    const world = await given({}, { maxSpans: 3 });
    world.answer({ status: 'later', reason: 'full', retryAfterMs: 10 });
    const failed = { status: { code: 'error', message: '' } } as const;
    await world.accept([span(failed), span(failed), span(failed)]);
    expect(await world.accept([span(failed)])).toMatchObject({ status: 'later' });
    expect(world.waiting()).toBe(3);
    world.answer({ status: 'taken', refused: [] });
    await world.pass(100);
    await world.written(3);
    expect(await world.accept([span(failed)])).toMatchObject({ status: 'taken' });
  });

  it('that is undecided at the stop is kept', async () => {
    const world = await given();
    await world.accept([span({ attributes: ENDED })]);
    const settling = world.analyst.settle();
    await world.pass(1);
    await settling;
    await world.accept([span({ traceId: 'b'.repeat(32), attributes: ENDED })]);
    expect(world.counts()).toEqual({ 'received spans other': 2, 'stored spans': 2 });
    expect(world.waiting()).toBe(0);
  });
});

it('summaries see every span, whatever becomes of its trace, and logs and metrics are not sampled', async () => {
  const world = await given();
  await world.accept([span({ attributes: ENDED })]);
  await world.pass(31_000);
  expect(world.summarised()).toBe(1);
  expect(world.counts()).toMatchObject({ 'refused spans sampled_out': 1 });
});

function lasting([from, to]: [number, number]): Partial<SpanSignal> {
  const at = (ms: number) => BigInt(NOW + ms) * 1_000_000n;
  return { startTimeUnixNano: at(from), endTimeUnixNano: at(to), attributes: ENDED };
}

let spans = 0;

function span(special: Partial<SpanSignal> & { attributes?: Attributes }): SpanSignal {
  spans += 1;
  const at = BigInt(NOW) * 1_000_000n;
  return {
    ...{ origin, traceId: 'a'.repeat(32), spanId: spans.toString(16).padStart(16, '0'), parentSpanId: null },
    ...{ name: 'work', kind: 'internal', startTimeUnixNano: at, endTimeUnixNano: at + 1_000_000n },
    ...{ status: { code: 'unset', message: '' }, attributes: {}, events: [], links: [] },
    ...special,
  };
}

async function given(
  rules: Partial<SamplingRules> = {},
  { maxSpans, ...limits }: { maxSpans?: number; maxHeldCharacters?: number } = {},
) {
  vi.useFakeTimers({ now: NOW, toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] });
  const counts = new Map<string, number>();
  const stored: string[] = [];
  let summarised = 0;
  let answer: SinkAnswer = { status: 'taken', refused: [] };
  let readWaiting = (): readonly { readonly value: number }[] => [];
  const telemetry: Telemetry = {
    ...createTelemetry({ serviceName: 'tracepost-analyst' }),
    metrics: {
      add: (name, value, attributes) => {
        const words = [name.replace('tracepost.ingest.', ''), ...Object.values(attributes ?? {})].join(' ');
        counts.set(words, (counts.get(words) ?? 0) + value);
      },
      record: () => {},
      observe: (name, read) => {
        if (name === 'tracepost.ingest.waiting') readWaiting = read;
        return () => {};
      },
    },
  };
  const analyst = createAnalyst({
    traces: {
      writeSpans: async (spans) => {
        if (answer.status === 'taken') stored.push(...spans.map(({ traceId }) => traceId));
        return answer;
      },
    },
    traceSummaries: {
      addSpans: async (spans) => {
        summarised += spans.length;
        return { status: 'taken', refused: [] };
      },
    },
    logs: { writeLogs: async () => ({ status: 'taken', refused: [] }) },
    metrics: { writeMetrics: async () => ({ status: 'taken', refused: [] }) },
    sampling: { ...RULES, ...rules },
    ...(maxSpans === undefined ? {} : { maxHeldSpans: maxSpans }),
    ...limits,
    telemetry,
  });
  return {
    analyst,
    accept: (batch: SignalBatch['spans']) => analyst.sink.accept({ spans: batch, logs: [], metrics: [] }),
    counts: () => Object.fromEntries(counts),
    stored: () => stored,
    summarised: () => summarised,
    waiting: () => readWaiting()[0]?.value,
    answer: (next: SinkAnswer) => {
      answer = next;
    },
    pass: async (ms: number) => {
      vi.advanceTimersByTime(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
    written: (count: number) => vi.waitFor(() => expect(stored).toHaveLength(count)),
  };
}
