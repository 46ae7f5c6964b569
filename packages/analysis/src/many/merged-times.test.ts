import { NO_TOKENS, type SessionAnalysis } from '@tracepost/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accumulate } from './accumulator.ts';
import { mergeTimes } from './merged-times.ts';

type Taken = Pick<SessionAnalysis, 'sessionId' | 'times' | 'totals' | 'complexity'>;

interface Given {
  readonly sessionId: string;
  readonly responsesMs: readonly number[];
  readonly input?: number;
  readonly output?: number;
  readonly durationSeconds?: number | null;
  readonly contextUse?: number | null;
  readonly score?: number;
}

/** What the figures rest on, and nothing else of an analysis. */
function session(given: Given): Taken {
  const { sessionId, responsesMs, input = 0, output = 0, durationSeconds = null, contextUse = null, score = 0 } = given;
  const sorted = responsesMs.toSorted((a, b) => a - b);
  const medianMs = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  const averageMs = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  const response = { count: sorted.length, averageMs, medianMs, p95Ms: 0, maximumMs: sorted.at(-1) ?? 0 };
  const usage = { ...NO_TOKENS, input, output, cacheRead: Math.floor(input / 2) };
  return {
    sessionId,
    times: { response: sorted.length > 0 ? response : null, queue: null, processing: null },
    totals: { usage, durationSeconds, contextUse } as SessionAnalysis['totals'],
    complexity: { score, complexity: score >= 8 ? 'very_high' : 'low' } as SessionAnalysis['complexity'],
  };
}

test('averages are over all calls, medians of the sessions, and the extremes say whose they are', () => {
  const merged = accumulate(mergeTimes(), [
    session({ sessionId: 'a', responsesMs: [100, 200, 300], input: 100, output: 10, durationSeconds: 60, score: 8 }),
    session({ sessionId: 'b', responsesMs: [1_000], input: 300, output: 50, durationSeconds: 20, contextUse: 0.9 }),
    session({ sessionId: 'c', responsesMs: [] }),
  ]);
  expect(merged).toMatchObject({
    ...{ sessions: 3, queue: null, processing: null, tokenEfficiency: 60 / 400, cacheReadShare: 0.5 },
    response: { sessions: 2, count: 4, averageMs: 400, maximumMs: 1_000, slowestSession: 'b' },
    durationSeconds: { sessions: 2, average: 40, maximum: 60, highestSession: 'a' },
    contextUse: { sessions: 1, average: 0.9, maximum: 0.9, highestSession: 'b' },
    averageComplexityScore: 8 / 3,
    complexities: [
      { complexity: 'very_high', sessions: 1 },
      { complexity: 'low', sessions: 2 },
    ],
  });
  expect(Math.abs((merged.response?.sessionMedianMs ?? 0) - 200)).toBeLessThanOrEqual(200 * 0.008);
  expect(Math.abs((merged.durationSeconds?.p95 ?? 0) - 60)).toBeLessThanOrEqual(60 * 0.008);
});

test('no median and no 95th percentile lies beyond the values that there are, and those of one session are its own', () => {
  const one = session({ sessionId: 'a', responsesMs: [3_333], durationSeconds: 61.7, contextUse: 0.77 });
  expect(accumulate(mergeTimes(), [one])).toMatchObject({
    response: { averageMs: 3_333, sessionMedianMs: 3_333, maximumMs: 3_333 },
    durationSeconds: { median: 61.7, p95: 61.7, maximum: 61.7 },
    contextUse: { median: 0.77, p95: 0.77, maximum: 0.77 },
  });
  const nothing = session({ sessionId: 'b', responsesMs: [0], durationSeconds: 0 });
  expect(accumulate(mergeTimes(), [nothing])).toMatchObject({
    response: { averageMs: 0, sessionMedianMs: 0, maximumMs: 0, slowestSession: 'b' },
    durationSeconds: { average: 0, median: 0, p95: 0, maximum: 0, highestSession: 'b' },
  });
});

test('of no session nothing is known', () => {
  expect(accumulate(mergeTimes(), [])).toEqual({
    ...{ sessions: 0, response: null, queue: null, processing: null, durationSeconds: null, contextUse: null },
    ...{ tokenEfficiency: null, cacheReadShare: null, averageComplexityScore: null, complexities: [] },
  });
});

test('the order of the sessions makes no difference', () => {
  const one = fc.record({
    sessionId: fc.uuid(),
    responsesMs: fc.array(fc.nat(1e7), { maxLength: 5 }),
    input: fc.nat(1e9),
    output: fc.nat(1e9),
    durationSeconds: fc.option(fc.nat(1e9).map((ms) => ms / 1_000)),
    contextUse: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
    score: fc.nat(12),
  });
  fc.assert(
    fc.property(
      fc.array(one).chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, other]) => {
        expect(accumulate(mergeTimes(), other.map(session))).toEqual(accumulate(mergeTimes(), all.map(session)));
      },
    ),
  );
});
