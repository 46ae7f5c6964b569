import type { AttributeValue, LogSignal, SessionDocument } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { uniteDocuments } from '@tracepost/transcripts/documents';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { givenChat } from '../../test/given-agent-spans.ts';
import type { SessionDesk } from './session-desk.ts';
import { createSessionGatherer, type SessionGatherer, type SessionGathererOptions } from './session-gatherer.ts';

// Loaded before, because a test runner takes its time for that.
beforeAll(async () => {
  await import('@tracepost/transcripts/documents');
});

const gatherers: SessionGatherer[] = [];
afterEach(async () => {
  await Promise.all(gatherers.splice(0).map((gatherer) => gatherer.close()));
});

function given(options: Partial<SessionGathererOptions> & { readonly take?: SessionDesk['takeDocuments'] } = {}) {
  const taken: { readonly tenantId: string; readonly document: SessionDocument }[] = [];
  const own = createTelemetry({ serviceName: 'test', terminalLevel: 'silent' });
  const dropped: [number, unknown][] = [];
  const metrics = {
    ...own.metrics,
    add: (_name: string, count: number, attributes?: Record<string, unknown>) => {
      dropped.push([count, attributes?.['tracepost.reason']]);
    },
    observe: () => () => {},
  };
  const close = vi.fn(async () => {});
  const openDesk = vi.fn(
    async (): Promise<SessionDesk> => ({
      takeDocuments:
        options.take ??
        (async (documents, { tenantId }) => {
          for (const document of documents) taken.push({ tenantId, document });
        }),
      close,
    }),
  );
  const gatherer = createSessionGatherer({
    openDesk,
    telemetry: { ...own, metrics: metrics as typeof own.metrics },
    ...options,
  });
  gatherers.push(gatherer);
  return { gatherer, taken, dropped, openDesk, close };
}

const chat = (digits: string, sessionId = 's', traceId = 'c'.repeat(32)) =>
  givenChat(digits, { sessionId, traceId, input: 1, output: 1 });

const agent = (digits: string) => ({ ...chat(digits), attributes: { 'gen_ai.operation.name': 'invoke_agent' } });

describe('the gatherer of sessions', () => {
  it('brings in what was quiet for a moment, in one document', async () => {
    const { gatherer, taken } = given();
    gatherer.take([chat('a1')]);
    gatherer.take([chat('a2')]);
    await until(() => taken.length > 0, { timeoutMs: 30_000 });
    expect(taken.map(({ document }) => document.calls.length)).toEqual([2]);
  });

  it('brings in what was quiet for a moment also when the clock is set back meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { gatherer, taken } = given();
      gatherer.take([chat('a1')]);
      vi.setSystemTime(Date.now() - 3_600_000);
      await until(() => taken.length > 0, { timeoutMs: 30_000 });
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not wait for the end of a session that never is quiet', async () => {
    const { gatherer, taken } = given();
    let digits = 0xa000;
    const timer = setInterval(() => gatherer.take([chat((digits++).toString(16))]), 100);
    await until(() => taken.length > 0, { timeoutMs: 30_000 }).finally(() => clearInterval(timer));
  });

  it('asks for no desk as long as no session is there', async () => {
    const { gatherer, openDesk } = given();
    gatherer.take([{ ...chat('a1'), attributes: { 'http.route': '/' } }]);
    gatherer.take([agent('a2')]);
    await gatherer.settle();
    expect(openDesk).not.toHaveBeenCalled();
  });

  it('closes a desk that nobody wants any more, and opens another for the next session', async () => {
    const { gatherer, taken, openDesk, close } = given({ restAfterMs: 1 });
    gatherer.take([chat('a1')]);
    await until(() => close.mock.calls.length > 0, { timeoutMs: 30_000 });
    expect([taken.length, openDesk.mock.calls.length]).toEqual([1, 1]);
    gatherer.take([chat('a2')]);
    await gatherer.close();
    expect([taken.length, openDesk.mock.calls.length, close.mock.calls.length]).toEqual([2, 2, 2]);
  });

  it('counts agents that were called and let go before any work of theirs came, and tells the work alone', async () => {
    const { gatherer, taken, dropped } = given();
    gatherer.take([agent('a1'), agent('a2')]);
    await gatherer.settle();
    expect(dropped).toEqual([[2, 'no_work']]);
    gatherer.take([chat('a3')]);
    await gatherer.settle();
    // From now on the trace has a session, and what comes of it is told in that.
    gatherer.take([agent('a4')]);
    await gatherer.settle();
    expect([taken.length, dropped]).toEqual([2, [[2, 'no_work']]]);
  });

  it('keeps what cannot be taken now, and brings it in later', async () => {
    let isAway = true;
    const taken: string[] = [];
    const { gatherer, dropped } = given({
      take: async (documents) => {
        if (isAway) throw new Error('the store is away');
        for (const { sessionId } of documents) taken.push(sessionId);
      },
    });
    gatherer.take([chat('a1')]);
    await gatherer.settle();
    expect(taken).toEqual([]);
    isAway = false;
    gatherer.take([chat('a2')]);
    await gatherer.settle();
    expect([taken, dropped]).toEqual([['s'], []]);
  });

  it('does not let one trace that never can be taken hold up the others', async () => {
    const taken: string[] = [];
    const { gatherer, dropped } = given({
      take: async (documents) => {
        for (const { sessionId } of documents) {
          if (sessionId === 'broken') throw new Error('always');
          taken.push(sessionId);
        }
      },
    });
    gatherer.take([chat('a1', 'broken', 'b'.repeat(32))]);
    for (let round = 0; round < 6; round += 1) {
      gatherer.take([chat(`b${round}`, `s${round}`, `${round}`.repeat(32))]);
      await gatherer.settle();
      await gatherer.settle();
    }
    expect(taken).toEqual(['s0', 's1', 's2', 's3', 's4', 's5']);
    expect(dropped).toEqual([[1, 'failed']]);
  });

  it('leaves out spans that cannot be read, and no other of their trace, and counts each once', async () => {
    let isAway = true;
    const taken: SessionDocument[] = [];
    const { gatherer, dropped } = given({
      take: async (documents) => {
        if (isAway) throw new Error('the store is away');
        taken.push(...documents);
      },
    });
    const attributes = Object.defineProperty({ ...chat('a2').attributes }, 'gen_ai.response.id', {
      enumerable: true,
      get: () => {
        throw new RangeError('hostile');
      },
    });
    const endTimeUnixNano = Number.NaN as unknown as bigint;
    gatherer.take([chat('a1'), { ...chat('a2'), attributes }, { ...chat('a3'), endTimeUnixNano }, chat('a4')]);
    await gatherer.settle();
    isAway = false;
    await gatherer.settle();
    expect(taken.map(({ calls }) => calls.length)).toEqual([2]);
    expect(dropped).toEqual(Array(2).fill([1, 'unreadable']));
  });

  it('lets the oldest go when too much waits, and counts them', async () => {
    const { gatherer, taken, dropped } = given({ maxSpans: 2 });
    const traces = ['1', '2', '3'].map((digit) => digit.repeat(32));
    for (const [index, trace] of traces.entries()) gatherer.take([chat(`a${index}`, `s${index}`, trace)]);
    await gatherer.settle();
    expect(dropped).toEqual([[1, 'full']]);
    expect(taken.map(({ document }) => document.sessionId)).toEqual(['s1', 's2']);
  });

  it('lets go by the length of texts too', async () => {
    const { gatherer, dropped } = given({ maxCharacters: 10_000 });
    gatherer.take([
      { ...chat('a1'), attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': 'x'.repeat(20_000) } },
    ]);
    expect(dropped).toEqual([[1, 'full']]);
  });

  it('closes in time when the store hangs, counts what is lost, and closes its desk', async () => {
    const { gatherer, dropped, close } = given({ take: () => new Promise(() => {}) });
    gatherer.take([chat('a1')]);
    const began = performance.now();
    await gatherer.close();
    await gatherer.close();
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(dropped).toEqual([[1, 'stopped']]);
    expect(close).toHaveBeenCalledTimes(1);
    gatherer.take([chat('a2')]);
  });

  it.each([
    ['before', [['words'], ['span']]],
    ['with', [['words', 'span']]],
    ['after', [['span'], ['words']]],
    ['before and after', [['question'], ['span'], ['answer']]],
    ['after, while it is brought in', [['span', 'late']]],
  ])('tells what log records %s a span say of it', async (_when, steps) => {
    const records = [
      words('gen_ai.user.message', { content: 'how warm is it?' }),
      words('gen_ai.choice', { message: { content: 'warm' } }),
    ];
    let isLate = false;
    const told: SessionDocument[] = [];
    const { gatherer, dropped } = given({
      take: async (documents) => {
        told.push(...documents);
        if (isLate) gatherer.takeWords(records);
        isLate = false;
      },
    });
    for (const step of steps) {
      isLate = step.includes('late');
      if (step.includes('words')) gatherer.takeWords(records);
      if (step.includes('question')) gatherer.takeWords(records.slice(0, 1));
      if (step.includes('answer')) gatherer.takeWords(records.slice(1));
      if (step.includes('span')) gatherer.take([chat('a1')]);
      await gatherer.settle();
    }
    await gatherer.settle();
    const document = told.reduce(uniteDocuments);
    expect(document.messages.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'how warm is it?'],
      ['assistant', 'warm'],
    ]);
    expect(document.calls).toHaveLength(1);
    await gatherer.close();
    expect(dropped).toEqual([]);
  });

  it('lets log records go whose span does not come, or when too many wait, and counts them', async () => {
    let nowMs = 0;
    const { gatherer, dropped } = given({ maxRecords: 2, now: () => nowMs });
    const of = (digits: string) => words('gen_ai.choice', { message: { content: 'warm' } }, digits);
    gatherer.takeWords([of('b1'), of('b2'), of('b3'), { ...of('b4'), traceId: null }]);
    expect(dropped.splice(0)).toEqual([[1, 'full']]);
    nowMs = 11 * 60_000;
    gatherer.takeWords([of('b5')]);
    expect(dropped.splice(0)).toEqual([
      [1, 'full'],
      [1, 'no_span'],
    ]);
    await gatherer.close();
    expect(dropped).toEqual([[1, 'stopped']]);
  });
});

function words(name: string, body: AttributeValue, digits = 'a1'): LogSignal {
  const { origin, traceId, spanId, startTimeUnixNano: timeUnixNano } = chat(digits);
  const about = { severityNumber: 9, severityText: '', attributes: { 'event.name': name } };
  return { origin, traceId, spanId, timeUnixNano, body, ...about };
}
