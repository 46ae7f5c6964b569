import type { Anomaly, Evidence, SessionAnalysis } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseSession } from '../sessions/analyse-session.ts';
import { DocumentMaker } from '../sessions/make-document.ts';
import { type Accumulator, accumulate } from './accumulator.ts';
import { mergeAnomalies } from './merged-anomalies.ts';
import { mergePatterns } from './merged-patterns.ts';
import { mergeRecommendations } from './merged-recommendations.ts';
import { mergeSequences } from './merged-sequences.ts';
import { mergeTools } from './merged-tools.ts';
import { MostFrequent } from './most-frequent.ts';
import { trends } from './trends.ts';

const priceBook = createPriceBook({ undatedMs: 0 });
const names = ['Read', 'Edit', 'Bash', 'Grep'];

/** A session that did some of everything, the same for the same number. */
function analysisOf(number: number): SessionAnalysis {
  const maker = new DocumentMaker();
  const startMs = 1_750_000_000_000 + number * 7_200_000;
  const usage = { input: 2_000 + number, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 50, reasoning: 0 };
  for (let at = 0; at < 6 + (number % 5); at++) {
    const atMs = startMs + at * 10_000;
    const { callId } = maker.call({ callId: `c${number}-${at}`, usage, atMs, askedAtMs: atMs - 1_000 });
    const isFailed = (number + at) % 3 === 0;
    maker.tool(names[(number * at) % 4] as string, {
      callId,
      toolCallId: `t${number}-${at}`,
      atMs,
      endedAtMs: atMs + 500,
      arguments: `{"path":"/app/${at % 2}"}`,
      ...(isFailed
        ? { status: 'failed', error: { type: number % 2 ? '429' : null, message: 'request timed out' } }
        : {}),
    });
  }
  return analyseSession(maker.document({ sessionId: `s${number}` }), { priceBook });
}

const analyses = fc.uniqueArray(fc.nat(40), { maxLength: 12 }).map((numbers) => numbers.map(analysisOf));
const shuffled = analyses.chain((all) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
);
const nowMs = 1_760_000_000_000;

describe('what many sessions come to', () => {
  test.each<[string, () => Accumulator<SessionAnalysis, unknown>]>([
    ['tools', mergeTools],
    ['sequences', mergeSequences],
    ['patterns', mergePatterns],
    ['anomalies', mergeAnomalies],
    ['recommendations', mergeRecommendations],
    ['trends', () => trends({ nowMs })],
  ])('does not depend on the order in which they come: %s', (_name, create) => {
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(rounded(accumulate(create(), other))).toEqual(rounded(accumulate(create(), all)));
      }),
      { numRuns: 30 },
    );
  });

  test('adds up to what each of them has', () => {
    const all = [1, 2, 3, 4, 5].map(analysisOf);
    const { tools } = accumulate(mergeTools(), all);
    const read = all.flatMap((analysis) => analysis.tools.filter(({ name }) => name === 'Read'));
    expect(tools.find(({ name }) => name === 'Read')).toMatchObject({
      sessions: read.length,
      count: read.reduce((sum, { count }) => sum + count, 0),
      failed: read.reduce((sum, { failed }) => sum + failed, 0),
      totalMs: read.reduce((sum, { totalMs }) => sum + (totalMs ?? 0), 0),
      averageMs: 500,
    });
    const { patterns, sessions } = accumulate(mergePatterns(), all);
    expect(sessions).toBe(5);
    const failed = all.reduce((sum, { totals }) => sum + totals.failedToolCalls, 0);
    expect(patterns.find(({ pattern }) => pattern === 'tool_error')).toMatchObject({ count: failed });
    const { sequences } = accumulate(mergeSequences(), all);
    const pairs = all.reduce((sum, { totals }) => sum + totals.toolCalls - 1, 0);
    const counted = sequences
      .filter(({ tools: { length } }) => length === 2)
      .reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(pairs);
  });
});

describe('advice over many sessions', () => {
  test('judges a tool by all its calls, and points at those that failed', () => {
    const { recommendations } = accumulate(mergeRecommendations(), [0, 1, 2, 3, 6, 9].map(analysisOf));
    const failing = recommendations.filter(({ kind }) => kind === 'tool_error_rate');
    expect(failing.length).toBeGreaterThan(0);
    for (const { evidence, subject, figures } of failing) {
      expect(figures.errorRate).toBeGreaterThan(0.3);
      expect(evidence.length).toBeGreaterThan(0);
      expect(evidence.every(({ tool }: Evidence) => tool === subject)).toBe(true);
    }
  });

  test('names every tool that fails too often, however many failures of others come before its own', () => {
    const maker = new DocumentMaker();
    const callsOf = (name: string, calls: number, failed: number): void => {
      for (let at = 0; at < calls; at++) {
        const isFailed = at < failed;
        maker.tool(name, {
          toolCallId: `${name}-${at}`,
          status: isFailed ? 'failed' : 'ok',
          error: isFailed ? { type: null, message: 'no' } : null,
          arguments: JSON.stringify({ at: 'x'.repeat(at) }),
        });
      }
    };
    callsOf('Bash', 42, 12);
    callsOf('Deploy', 15, 12);
    const { recommendations } = accumulate(mergeRecommendations(), [
      analyseSession(maker.document(), { priceBook }),
      analysisOf(3),
    ]);
    const deploy = recommendations.find(({ kind, subject }) => kind === 'tool_error_rate' && subject === 'Deploy');
    expect(deploy?.title).toBe('80 % of the calls of Deploy failed');
    expect(deploy?.evidence.map(({ tool }: Evidence) => tool)).toEqual(Array.from({ length: 10 }, () => 'Deploy'));
    expect(recommendations.some(({ subject }) => subject === 'Bash')).toBe(false);
  });

  test('names a tool that fails once a session, far behind the failures of others', () => {
    const sessionOf = (sessionId: string) => {
      const maker = new DocumentMaker();
      for (let at = 0; at < 40; at++) maker.tool('Bash', { status: at < 12 ? 'failed' : 'ok', arguments: `${at}` });
      maker.tool('Deploy', { status: 'failed', toolCallId: `deploy of ${sessionId}` });
      return analyseSession(maker.document({ sessionId }), { priceBook });
    };
    const all = ['a', 'b', 'c', 'd', 'e'].map(sessionOf);
    expect(all.flatMap(({ recommendations }) => recommendations.map(({ subject }) => subject))).not.toContain('Deploy');
    const { recommendations } = accumulate(mergeRecommendations(), all);
    const deploy = recommendations.find(({ subject }) => subject === 'Deploy');
    expect(deploy).toMatchObject({ kind: 'tool_error_rate', figures: { calls: 5, failed: 5 } });
    expect(deploy?.advice).toMatch(/: 5 of 5 calls failed\.$/);
    expect(deploy?.evidence.map(({ sessionId, id, tool }: Evidence) => [sessionId, id, tool])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((sessionId) => [sessionId, `deploy of ${sessionId}`, 'Deploy']),
    );
  });

  test('says of how many calls it speaks where it gives the reason of one session', () => {
    const sessionOf = (failed: number) => {
      const maker = new DocumentMaker();
      for (let at = 0; at < 6; at++) {
        const isFailed = at < failed;
        const error = isFailed ? { type: null, message: 'no such flight' } : null;
        maker.tool('Book', { status: isFailed ? 'failed' : 'ok', error, arguments: `{"at":"${'x'.repeat(at * 9)}"}` });
      }
      return analyseSession(maker.document({ sessionId: `${failed}` }), { priceBook });
    };
    const adviceOf = (...failed: number[]) =>
      accumulate(mergeRecommendations(), failed.map(sessionOf)).recommendations[0]?.advice;
    const look = 'Look at its errors and at the arguments they came with';
    const one = '5 of 6 calls failed, 5 of them with "no such flight".';
    expect(adviceOf(5)).toBe(`${look}: ${one}`);
    expect(adviceOf(1, 5)).toBe(`${look}: 6 of 12 calls failed. In one session: ${one}`);
  });

  test('points at each call once, the newest ten at most', () => {
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(analysisOf);
    const failing = accumulate(mergeRecommendations(), all).recommendations.filter(
      ({ kind }) => kind === 'tool_error_rate',
    );
    expect(failing.map(({ figures }) => figures.failed)).toContain(12);
    for (const { evidence, figures } of failing) {
      expect(new Set(evidence.map(({ sessionId, id }: Evidence) => `${sessionId} ${id}`)).size).toBe(evidence.length);
      expect(evidence).toHaveLength(Math.min(10, figures.failed as number));
      const times = evidence.map(({ atMs }: Evidence) => atMs ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }
  });

  test('is never without evidence, and never about retries that are few on average', () => {
    fc.assert(
      fc.property(analyses, (all) => {
        const { recommendations } = accumulate(mergeRecommendations(), all);
        expect(recommendations.filter(({ evidence }) => evidence.length === 0)).toEqual([]);
        const retries = all.reduce((sum, { totals }) => sum + totals.retries, 0);
        const speaksOfRetries = recommendations.some(({ kind }) => kind === 'many_retries');
        expect(speaksOfRetries).toBe(all.length > 0 && retries / all.length > 2);
      }),
      { numRuns: 30 },
    );
  });
});

test('anomalies that the robust variant does not find are told apart, and the newest are kept', () => {
  const anomaly = (id: string, atMs: number, agrees: boolean): Anomaly => ({
    ...{ kind: 'response_time_spike', value: 9, threshold: 5, unit: 'ms', baseline: {} },
    robust: { threshold: 4, agrees },
    evidence: [{ sessionId: 's', kind: 'call', id, atMs }],
  });
  const merged = mergeAnomalies();
  for (let at = 0; at < 1_200; at++) {
    merged.add({
      sessionId: `s${at}`,
      agentId: 'pi',
      anomalies: [anomaly('a', at, true), anomaly('b', at, at % 2 === 0)],
    });
  }
  const { kinds, anomalies, leftOut } = merged.result();
  expect(kinds).toEqual([{ kind: 'response_time_spike', count: 2_400, sessions: 1_200, disputed: 600 }]);
  expect(anomalies).toHaveLength(1_000);
  expect(anomalies[0]?.sessionId).toBe('s1199');
  expect(leftOut).toBe(1_400);
});

test('what is counted in bounded memory says how wrong it may be', () => {
  const few = new MostFrequent<null>(10);
  const truth = new Map<string, number>();
  for (let at = 0; at < 5_000; at++) {
    const key = at % 3 === 0 ? `often ${at % 5}` : `once ${at}`;
    truth.set(key, (truth.get(key) ?? 0) + 1);
    few.add(key, 1, () => null);
  }
  expect(few.entries()).toHaveLength(10);
  expect(few.leftOut).toBeGreaterThan(0);
  for (const { key, count } of few.entries()) {
    expect(count).toBeLessThanOrEqual(truth.get(key) ?? 0);
    expect(count + few.shortByAtMost).toBeGreaterThanOrEqual(truth.get(key) ?? 0);
  }
  expect(
    few
      .entries()
      .slice(0, 5)
      .map(({ key }) => key.slice(0, 5)),
  ).toEqual(Array.from({ length: 5 }, () => 'often'));
});

/** Sums of fractions may differ in their last digit with the order in which they are added. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each) => (typeof each === 'number' ? Number(each.toPrecision(9)) : each)),
  );
}
