import { NO_TOKENS } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentMaker } from '../sessions/make-document.ts';
import { accumulate } from './accumulator.ts';
import type { CallSums } from './call-sums.ts';
import { liveNumbers } from './live-numbers.ts';
import { mergeCosts } from './merged-costs.ts';

const nowMs = 1_760_000_000_000;
const minutesAgo = (minutes: number): number => nowMs - minutes * 60_000;

describe('the live numbers', () => {
  test('are those of the last five minutes', () => {
    const usage = { ...NO_TOKENS, input: 900, output: 100 };
    const one = new DocumentMaker();
    one.call({ atMs: minutesAgo(6), askedAtMs: minutesAgo(6.5), usage });
    one.call({ atMs: minutesAgo(4), askedAtMs: minutesAgo(4) - 2_000, usage });
    one.call({ atMs: minutesAgo(3), askedAtMs: minutesAgo(3) - 4_000, usage });
    one.call({ atMs: minutesAgo(2), status: 'failed' });
    one.tool('Read', { atMs: minutesAgo(5.5), endedAtMs: minutesAgo(4.5) });
    one.tool('Bash', { atMs: minutesAgo(1), status: 'pending' });
    const other = new DocumentMaker();
    other.message('user', { atMs: minutesAgo(0) });
    const old = new DocumentMaker();
    old.call({ atMs: minutesAgo(5), usage });
    const found = accumulate(
      liveNumbers(nowMs),
      [one, other, old].map((maker, at) => maker.document({ sessionId: `s${at}` })),
    );
    expect(found).toEqual({
      ...{ fromMs: minutesAgo(5), toMs: nowMs, activeSessions: 2, requestsPerMinute: 3 / 5, averageResponseMs: 3_000 },
      ...{ errorRate: 1 / 4, tokensPerMinute: 400 },
    });
  });

  test('count a call that stands in two sessions once, with the tool that it called', () => {
    const usage = { ...NO_TOKENS, input: 900, output: 100 };
    const maker = new DocumentMaker();
    const { callId } = maker.call({ atMs: minutesAgo(2), usage });
    maker.tool('Bash', { atMs: minutesAgo(2), callId, status: 'failed' });
    const original = maker.document({ sessionId: 'original' });
    const fork = { ...original, sessionId: 'fork', countedElsewhere: new Set([callId]) };
    expect(accumulate(liveNumbers(nowMs), [original, fork])).toMatchObject({
      ...{ activeSessions: 2, requestsPerMinute: 1 / 5, tokensPerMinute: 200, errorRate: 1 / 2 },
    });
  });

  test('hold the tokens of attempts on other models too', () => {
    const usage = { ...NO_TOKENS, input: 900, output: 100 };
    const maker = new DocumentMaker();
    const besides = [usage, usage].map((one) => ({ model: 'other', usage: one }));
    maker.call({ atMs: minutesAgo(1), usage, besides });
    maker.call({ atMs: minutesAgo(1), usage: null, besides });
    maker.call({ atMs: minutesAgo(9), usage: null, besides });
    expect(accumulate(liveNumbers(nowMs), [maker.document()]).tokensPerMinute).toBe(5_000 / 5);
  });

  test('are nought or unknown when nothing happens', () => {
    expect(accumulate(liveNumbers(nowMs), [])).toMatchObject({
      ...{ activeSessions: 0, requestsPerMinute: 0, averageResponseMs: null, errorRate: null, tokensPerMinute: 0 },
    });
  });
});

describe('costs', () => {
  test('are exact sums, by model, agent and time, dearest first', () => {
    const { total, byModel, byAgent, byTime } = accumulate(mergeCosts(), [
      sums({ provider: 'anthropic', model: 'claude', agentId: 'a', startMs: 2, costPicodollars: 1n }),
      sums({ provider: 'openai', model: 'gpt', agentId: 'b', startMs: 1, costPicodollars: 300_000_000_000n }),
      sums({ provider: 'anthropic', model: 'claude', agentId: 'b', startMs: 1, costPicodollars: 100_000_000_000n }),
      sums({ provider: null, model: null, agentId: 'b', startMs: 1, unpricedCalls: 1 }),
    ]);
    expect(total).toMatchObject({ calls: 4, unpricedCalls: 1, costUsd: 0.400000000001, cacheReadShare: 0.5 });
    expect(byModel.map(({ model, costUsd }) => [model, costUsd])).toEqual([
      ['gpt', 0.3],
      ['claude', 0.100000000001],
      [null, null],
    ]);
    expect(byAgent.map(({ agentId }) => agentId)).toEqual(['b', 'a']);
    expect(byTime.map(({ startMs, calls }) => [startMs, calls])).toEqual([
      [1, 3],
      [2, 1],
    ]);
  });

  test('are not known, and not nought, where some have no price and the others took nothing', () => {
    const figures = (...all: Partial<CallSums>[]) => accumulate(mergeCosts(), all.map(sums)).total;
    expect(figures({ calls: 11, unpricedCalls: 10 }).costUsd).toBeNull();
    expect(figures({ calls: 1 }).costUsd).toBe(0);
    expect(figures().costUsd).toBeNull();
  });

  test('do not depend on order', () => {
    const one = fc.record({
      provider: fc.constantFrom('a', 'b', null),
      model: fc.constantFrom('x', 'y', null),
      agentId: fc.constantFrom('p', 'q'),
      startMs: fc.nat(5),
      costPicodollars: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    });
    fc.assert(
      fc.property(
        fc.array(one).chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, other]) => {
          expect(accumulate(mergeCosts(), other.map(sums))).toEqual(accumulate(mergeCosts(), all.map(sums)));
        },
      ),
    );
  });
});

function sums(more: Partial<CallSums>): CallSums {
  const usage = { input: 10n, cacheRead: 5n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 1n, reasoning: 0n };
  return { calls: 1, failedCalls: 0, estimatedCalls: 0, unpricedCalls: 0, usage, costPicodollars: 0n, ...more };
}
