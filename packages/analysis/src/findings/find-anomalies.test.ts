import { NO_TOKENS, type SessionDocument, type SessionModelCall } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseSession } from '../sessions/analyse-session.ts';
import { DocumentMaker } from '../sessions/make-document.ts';
import { findAnomalies } from './find-anomalies.ts';
import { spreadOf } from './spread.ts';

const firstMs = 1_750_000_000_000;

describe('response time spikes', () => {
  test('are what lies above the mean and three population standard deviations', () => {
    const values = [...Array.from({ length: 19 }, (_, at) => 1_000 + at), 9_000];
    const mean = values.reduce((sum, value) => sum + value, 0) / 20;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 20);
    const document = answersAfter(values);
    const [spike, ...others] = findAnomalies(document);
    expect(others).toEqual([]);
    expect(spike).toMatchObject({ kind: 'response_time_spike', value: 9_000, unit: 'ms', robust: { agrees: true } });
    expect(spike?.threshold).toBeCloseTo(mean + 3 * deviation, 9);
    expect(spike?.baseline).toMatchObject({
      calls: 20,
      meanMs: mean,
      medianMs: 1_009.5,
      madMs: 5,
      beyondRobustThreshold: 1,
    });
    expect(spike?.evidence).toEqual([{ sessionId: 's', kind: 'call', id: 'c19', atMs: document.calls[19]?.atMs }]);
  });

  test('are none of ten or fewer: with so few no value can lie so far out', () => {
    const few = fc.array(fc.nat(1e9), { maxLength: 10 });
    fc.assert(
      fc.property(few, (values) => {
        expect(findAnomalies(answersAfter(values))).toEqual([]);
      }),
    );
  });

  test('are disputed by median and MAD when the session scatters widely', () => {
    const values = [...Array.from({ length: 40 }, (_, at) => (at % 2 ? 100 : 20_000)), 45_000];
    const [spike] = findAnomalies(answersAfter(values));
    expect(spike).toMatchObject({ value: 45_000, robust: { agrees: false } });
    expect(spike?.robust?.threshold).toBeGreaterThan(45_000);
  });

  test('do not depend on the order of the calls, and only on times that are known', () => {
    const values = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 11, maxLength: 40 });
    const both = values.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(both, ([all, other]) => {
        const spikes = (given: readonly (number | null)[]): readonly number[] =>
          findAnomalies(answersAfter(given))
            .map(({ value }) => value)
            .sort((a, b) => a - b);
        expect(spikes([...other, null])).toEqual(spikes(all));
      }),
    );
  });
});

describe('error clusters', () => {
  test.each([
    ['three within five minutes', [0, 100_000, 300_000], 20, [3]],
    ['none of three within a little more', [0, 100_000, 300_001], 20, []],
    ['two are none', [0, 1], 20, []],
    ['three within five consecutive calls, however long they took', [0, 3_600_000, 7_200_000], 1, [3]],
    ['all that hang together are one', [0, 200_000, 299_000, 400_000, 500_000], 20, [5]],
    ['two that lie apart are two', [0, 1, 2, 900_000, 900_001, 900_002], 20, [3, 3]],
  ])('%s', (_what, times, callsBetween, expected) => {
    const maker = new DocumentMaker();
    for (const [at, ms] of times.entries()) {
      for (let call = 0; at > 0 && call < callsBetween; call++)
        maker.tool('Read', { atMs: firstMs + ms, endedAtMs: firstMs + ms });
      maker.tool('Bash', { status: 'failed', atMs: firstMs + ms, endedAtMs: firstMs + ms });
    }
    const found = findAnomalies(maker.document()).filter(({ kind }) => kind === 'error_cluster');
    expect(found.map(({ value }) => value)).toEqual(expected);
    for (const { threshold, unit, evidence, value } of found) {
      expect([threshold, unit, evidence.length]).toEqual([3, 'errors', Math.min(10, value)]);
    }
  });

  test('are found where no times are known, by what follows what; a refusal is no error', () => {
    const maker = new DocumentMaker();
    for (const status of ['failed', 'ok', 'failed', 'refused', 'failed', 'refused', 'refused'] as const)
      maker.tool('Bash', { status, atMs: null });
    expect(findAnomalies(maker.document())).toMatchObject([
      { value: 3, baseline: { sessionErrors: 3, sessionCalls: 7, spanCalls: 5 } },
    ]);
  });

  test('span the time from the first failure to the last, also where what began first failed last', () => {
    const maker = new DocumentMaker();
    for (const [startMs, endMs] of [
      [0, 600_000],
      [1_000, 2_000],
      [2_000, 3_000],
    ] as const)
      maker.tool('Bash', { status: 'failed', atMs: firstMs + startMs, endedAtMs: firstMs + endMs });
    expect(findAnomalies(maker.document())).toMatchObject([{ value: 3, baseline: { spanCalls: 3, spanMs: 598_000 } }]);
  });

  test('are not made of two by a third between them that failed long after', () => {
    const maker = new DocumentMaker();
    for (const endMs of [0, 600_000, 1_000]) {
      maker.tool('Bash', { status: 'failed', atMs: firstMs, endedAtMs: firstMs + endMs });
      for (let call = 0; call < 5; call++) maker.tool('Read', { atMs: firstMs, endedAtMs: firstMs });
    }
    expect(findAnomalies(maker.document())).toEqual([]);
  });

  test('are made of what failed close together, also around one that began between them and failed long after', () => {
    const maker = new DocumentMaker();
    for (const endMs of [0, 900_000, 1_000, 2_000]) {
      maker.tool('Bash', { status: 'failed', atMs: firstMs, endedAtMs: firstMs + endMs, toolCallId: `after ${endMs}` });
      for (let call = 0; call < 5; call++) maker.tool('Read', { atMs: firstMs, endedAtMs: firstMs });
    }
    const [cluster, ...others] = findAnomalies(maker.document());
    expect(others).toEqual([]);
    expect(cluster).toMatchObject({ value: 3, baseline: { sessionErrors: 4, spanMs: 2_000 } });
    expect(cluster?.evidence.map(({ id }) => id)).toEqual(['after 0', 'after 1000', 'after 2000']);
  });

  test('of any failures are the groups that closeness makes, however they are looked for', () => {
    const failure = fc.record({ calls: fc.nat(3), ms: fc.option(fc.nat(1_200_000)) });
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 12 }), (all) => {
        const maker = new DocumentMaker();
        const places: { readonly at: number; readonly ms: number | null }[] = [];
        let at = 0;
        for (const { calls, ms } of all) {
          for (let call = 0; call < calls; call++, at++) maker.tool('Read', { atMs: firstMs, endedAtMs: firstMs });
          places.push({ at, ms });
          // Where no time is known, a call stands where it was written: here all do.
          maker.tool('Bash', { status: 'failed', atMs: firstMs, endedAtMs: firstMs + (ms ?? 0) });
          at++;
        }
        const groups = places.map(() => new Set<number>());
        for (const [a, one] of places.entries())
          for (const [b, two] of places.entries())
            for (const [c, three] of places.entries()) {
              if (a >= b || b >= c) continue;
              const times = [one, two, three].map(({ ms }) => ms ?? 0);
              const isClose = three.at - one.at < 5 || Math.max(...times) - Math.min(...times) <= 300_000;
              if (!isClose) continue;
              const joined = new Set([a, b, c].flatMap((each) => [each, ...(groups[each] ?? [])]));
              for (const each of joined) groups[each] = joined;
            }
        const sizes = [...new Set(groups)].map(({ size }) => size).filter((size) => size > 0);
        const found = findAnomalies(maker.document()).map(({ value }) => value);
        expect(found.toSorted()).toEqual(sizes.toSorted());
      }),
    );
  });

  test('are disputed where the whole session is like that', () => {
    const steady = new DocumentMaker();
    for (let at = 0; at < 50; at++) steady.tool('Bash', { status: at % 5 < 3 ? 'failed' : 'ok' });
    expect(findAnomalies(steady.document())).toMatchObject([{ value: 30, robust: { agrees: false } }]);
    const sudden = new DocumentMaker();
    for (let at = 0; at < 50; at++) sudden.tool('Bash', { status: at > 40 && at < 45 ? 'failed' : 'ok' });
    expect(findAnomalies(sudden.document())).toMatchObject([{ value: 4, robust: { agrees: true } }]);
  });
});

describe('token spikes', () => {
  const minute = 60_000;

  test('are a last window above twice the average of those before', () => {
    const [spike] = findAnomalies(
      tokensAt([
        [0, 1_000],
        [6, 2_000],
        [12, 1_500],
        [18, 6_001],
      ]),
    );
    expect(spike).toMatchObject({
      ...{ kind: 'token_spike', value: 6_001 / 5, threshold: 2 * 300, unit: 'tokens_per_minute' },
      ...{ baseline: { windows: 3, windowMinutes: 5, averagePerMinute: 300, medianPerMinute: 300, madPerMinute: 100 } },
      robust: { agrees: true },
    });
    expect(spike?.evidence).toMatchObject([{ kind: 'call', id: 'c3' }]);
  });

  test('count what attempts on other models took', () => {
    const { calls, ...document } = tokensAt([
      [0, 1_000],
      [6, 2_000],
      [12, 1_500],
      [18, 3_000],
    ]);
    const besides = [{ model: 'other', usage: { ...NO_TOKENS, input: 500, output: 1 } }];
    const spikeOf = (at: number, usage = calls[at]?.usage ?? null) =>
      findAnomalies({ ...document, calls: calls.with(at, { ...calls[at], usage, besides } as SessionModelCall) })[0];
    expect(spikeOf(3)?.value).toBe(3_501 / 5);
    expect(spikeOf(0)).toBeUndefined();
    // Of which alone it is told what they took.
    expect(spikeOf(0, null)?.baseline).toMatchObject({ windows: 3, averagePerMinute: 4_001 / 3 / 5 });
  });

  test('count what is estimated where nobody reported it, and say of how many calls', () => {
    const { calls, ...document } = tokensAt([
      [0, 1_000],
      [6, 2_000],
      [12, 1_500],
      [18, 6_001],
    ]);
    const reportedUntil = (at: number): SessionDocument => ({
      ...document,
      calls: calls.map((call, place) => (place < at ? call : { ...call, usage: null })),
    });
    const estimates = new Map(calls.map(({ callId, usage }) => [callId, usage ?? NO_TOKENS]));
    const [reported] = findAnomalies(reportedUntil(4), { estimates });
    expect(reported?.baseline).not.toHaveProperty('estimatedCalls');
    for (const [at, estimatedCalls] of [
      [3, 1],
      [0, 4],
    ] as const) {
      expect(findAnomalies(reportedUntil(at))).toEqual([]);
      expect(findAnomalies(reportedUntil(at), { estimates })).toEqual([
        { ...reported, baseline: { ...reported?.baseline, estimatedCalls } },
      ]);
    }
  });

  test('are found in a session that reports no tokens at all', () => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 5; at++) {
      const atMs = firstMs + at * 6 * minute;
      const { callId } = maker.call({ callId: `c${at}`, atMs });
      maker.message('assistant', { callId, atMs, estimatedTokens: at === 4 ? 500_000 : 10 });
    }
    const { anomalies } = analyseSession(maker.document(), { priceBook: createPriceBook() });
    expect(anomalies).toMatchObject([
      { kind: 'token_spike', baseline: { windows: 4, estimatedCalls: 5 }, evidence: [{ id: 'c4' }] },
    ]);
  });

  test('count an answer whose counted output was not whole as estimated', () => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 4; at++) {
      const isLast = at === 3;
      const usage = { ...NO_TOKENS, input: 1_000, output: 1 };
      const call = maker.call({ atMs: firstMs + at * 6 * minute, usage, ...(isLast ? { isPartial: true } : {}) });
      maker.message('assistant', { callId: call.callId, atMs: call.atMs, estimatedTokens: isLast ? 5_000 : 1 });
    }
    const { anomalies } = analyseSession(maker.document(), { priceBook: createPriceBook() });
    expect(anomalies).toMatchObject([{ kind: 'token_spike', value: 6_000 / 5, baseline: { estimatedCalls: 1 } }]);
  });

  test('are none at twice the average, of too few windows, or when only a pause lies before', () => {
    expect(
      findAnomalies(
        tokensAt([
          [0, 1_000],
          [6, 2_000],
          [12, 1_500],
          [18, 3_000],
        ]),
      ),
    ).toEqual([]);
    expect(
      findAnomalies(
        tokensAt([
          [0, 1_000],
          [6, 1_000],
          [12, 9_000],
        ]),
      ),
    ).toEqual([]);
    expect(
      findAnomalies(
        tokensAt([
          [0, 1_000],
          [6, 1_000],
          [12, 1_000],
          [600, 1_900],
        ]),
      ),
    ).toEqual([]);
  });

  function tokensAt(calls: readonly (readonly [number, number])[]): SessionDocument {
    const maker = new DocumentMaker();
    for (const [at, [minutes, tokens]] of calls.entries()) {
      maker.call({
        callId: `c${at}`,
        atMs: firstMs + minutes * minute,
        usage: { ...NO_TOKENS, input: tokens - 1, output: 1 },
      });
    }
    return maker.document();
  }
});

test('a spread has the middle of both kinds', () => {
  expect(spreadOf([])).toBeNull();
  expect(spreadOf([1, 2, 3, 4, 100])).toMatchObject({ count: 5, mean: 22, median: 3, mad: 1 });
  expect(spreadOf([2, 4])).toEqual({ count: 2, mean: 3, standardDeviation: 1, median: 3, mad: 1 });
});

function answersAfter(values: readonly (number | null)[]): SessionDocument {
  const maker = new DocumentMaker();
  let atMs = firstMs;
  for (const [at, value] of values.entries()) {
    atMs += 1_000 + (value ?? 0);
    maker.call({ callId: `c${at}`, atMs, askedAtMs: value === null ? null : atMs - value });
  }
  return maker.document();
}
