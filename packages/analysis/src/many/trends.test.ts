import { NO_TOKENS, type SessionAnalysis } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseSession } from '../sessions/analyse-session.ts';
import { DocumentMaker } from '../sessions/make-document.ts';
import type { CallSums } from './call-sums.ts';
import { quantileOfT, trendLine } from './trend-line.ts';
import { trends } from './trends.ts';

const HOUR_MS = 3_600_000;
const firstMs = Date.UTC(2025, 5, 1);
const pointsOf = (values: readonly number[]) => values.map((value, at) => ({ startMs: firstMs + at * HOUR_MS, value }));

describe('a line through points', () => {
  test('has slope, error and interval of least squares', () => {
    // Anscombe's first quartet: slope 0.5001, standard error 0.1179.
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const points = x.map((at, index) => ({ startMs: at * HOUR_MS, value: y[index] as number }));
    const line = trendLine(
      points.toSorted((a, b) => a.startMs - b.startMs),
      HOUR_MS,
    );
    expect(line?.slope).toBeCloseTo(0.5001, 4);
    expect(line?.standardError).toBeCloseTo(0.1179, 4);
    expect(line?.low).toBeCloseTo(0.5001 - 2.2622 * 0.1179, 3);
    expect(line?.direction).toBe('rising');
  });

  test.each([
    ['flat', [3, 3, 3, 3, 3]],
    ['flat', [0.1, 0.1, 0.1]],
    ['flat', [5, 1, 4, 2, 5, 1]],
    ['falling', [9, 8, 7, 6.1, 5]],
    ['rising', [1, 2, 3, 4]],
  ] as const)('is %s for %j', (direction, values) => {
    expect(trendLine(pointsOf(values), HOUR_MS)?.direction).toBe(direction);
  });

  test('is none of two points', () => {
    expect(trendLine(pointsOf([1, 2]), HOUR_MS)).toBeNull();
  });

  test('is called rising or falling by mistake in about one of twenty', () => {
    let state = 7;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
    const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);
    const mistaken = Array.from({ length: 2_000 }, () =>
      trendLine(pointsOf(Array.from({ length: 12 }, normal)), HOUR_MS),
    ).filter((line) => line?.direction !== 'flat');
    expect(mistaken.length / 2_000).toBeGreaterThan(0.03);
    expect(mistaken.length / 2_000).toBeLessThan(0.07);
  });

  test('uses quantiles as in the tables', () => {
    expect(quantileOfT(1)).toBeCloseTo(12.706, 3);
    expect(quantileOfT(11)).toBeCloseTo(2.201, 3);
    expect(quantileOfT(30)).toBeCloseTo(2.0423, 3);
    expect(quantileOfT(1_000)).toBeCloseTo(1.9623, 3);
  });
});

describe('trends', () => {
  test('put sessions into the hour and day in which they ended, and leave out those that are not over', () => {
    const found = trends({ nowMs: firstMs + 2 * 24 * HOUR_MS + 1 });
    found.add(sessionAt(firstMs + 60_000, ['Read', 'Edit'], 100));
    found.add(sessionAt(firstMs + 3 * HOUR_MS, ['Read'], 300, true));
    found.add(sessionAt(firstMs + 25 * HOUR_MS, ['Read', 'Bash', 'Grep'], 50));
    found.add(sessionAt(firstMs + 49 * HOUR_MS, ['Read'], 999));
    const { tokensByHour, errorRateByHour, toolsByDay, complexityByDay, tokensBy } = found.result();
    expect(tokensBy).toBe('session');
    expect(tokensByHour.points).toHaveLength(48);
    expect(tokensByHour.points.slice(0, 4).map(({ value }) => value)).toEqual([100, 0, 0, 300]);
    expect(errorRateByHour.points.map(({ value }) => value)).toEqual([0, 0.5, 0]);
    expect(toolsByDay.points.map(({ value }) => value)).toEqual([2, 3]);
    expect(complexityByDay.points).toHaveLength(2);
    expect(complexityByDay.line).toBeNull();
  });

  test('leave out the hour and the day of which only a part lies in the window, at its beginning too', () => {
    const fromMs = firstMs + 22.5 * HOUR_MS;
    const found = trends({ fromMs, nowMs: fromMs + 50 * HOUR_MS });
    for (let at = 23; at <= 72; at++) found.add(sessionAt(firstMs + at * HOUR_MS, [`tool ${at}`, 'Read'], 100));
    found.addCalls(sumsAt(firstMs + 22 * HOUR_MS, 1));
    for (let at = 23; at <= 72; at++) found.addCalls(sumsAt(firstMs + at * HOUR_MS, 2));
    const { tokensByHour, errorRateByHour, toolsByDay, complexityByDay } = found.result();
    expect(tokensByHour.points.map(({ value }) => value)).toEqual(Array.from({ length: 49 }, () => 2));
    expect(tokensByHour.line).toMatchObject({ slope: 0, direction: 'flat' });
    expect(errorRateByHour.points).toHaveLength(49);
    expect(toolsByDay.points.map(({ value }) => value)).toEqual([25, 25]);
    expect(complexityByDay.points).toHaveLength(2);
    const onTheHour = trends({ fromMs: firstMs, nowMs: firstMs + 2 * HOUR_MS });
    for (const at of [0, 1]) onTheHour.addCalls(sumsAt(firstMs + at * HOUR_MS, 7));
    expect(onTheHour.result().tokensByHour.points.map(({ value }) => value)).toEqual([7, 7]);
  });

  test('take tokens from sums of calls where there are any', () => {
    const found = trends({ nowMs: firstMs + 4 * HOUR_MS });
    found.add(sessionAt(firstMs, ['Read'], 100));
    for (let at = 0; at < 4; at++) found.addCalls(sumsAt(firstMs + at * HOUR_MS, 10 * (at + 1)));
    const { tokensByHour, tokensBy } = found.result();
    expect(tokensBy).toBe('call');
    expect(tokensByHour.points.map(({ value }) => value)).toEqual([10, 20, 30, 40]);
    expect(tokensByHour.line).toMatchObject({ slope: 10, direction: 'rising' });
  });

  test('are not led astray by one session with a wrong clock', () => {
    const found = trends({ nowMs: firstMs + 24 * HOUR_MS });
    for (let at = 0; at < 4; at++) found.add(sessionAt(firstMs + at * HOUR_MS, ['Read'], 10));
    found.add(sessionAt(Date.UTC(9000, 1), ['Read'], 10));
    const { points } = found.result().tokensByHour;
    expect(points).toHaveLength(24);
    expect(points.slice(0, 5).map(({ value }) => value)).toEqual([10, 10, 10, 10, 0]);
  });

  test('say how many tools were too many to be told apart', () => {
    const found = trends({ nowMs: firstMs + 48 * HOUR_MS });
    const analysis = sessionAt(firstMs, ['Read'], 10);
    const [tool] = analysis.tools;
    if (!tool) throw new Error('a session with a tool has its use');
    found.add({ ...analysis, tools: Array.from({ length: 10_003 }, (_, at) => ({ ...tool, name: `tool ${at}` })) });
    expect(found.result()).toMatchObject({ toolsLeftOut: 3, toolsByDay: { points: [{ value: 10_000 }] } });
  });

  test('count sessions of which no time is known', () => {
    const found = trends({ nowMs: firstMs });
    found.add(analyseSession(new DocumentMaker().document(), { priceBook: createPriceBook() }));
    expect(found.result()).toMatchObject({ untimedSessions: 1, tokensByHour: { points: [], line: null } });
  });

  test('lie between their bounds', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 50 });
    fc.assert(
      fc.property(values, (given) => {
        const line = trendLine(pointsOf(given), HOUR_MS);
        expect(line).not.toBeNull();
        if (line) expect(line.low <= line.slope && line.slope <= line.high).toBe(true);
      }),
    );
  });
});

function sessionAt(endMs: number, tools: readonly string[], tokens: number, isFailed = false): SessionAnalysis {
  const maker = new DocumentMaker();
  maker.call({ atMs: endMs, usage: { ...NO_TOKENS, input: tokens } });
  for (const name of tools) maker.tool(name, { atMs: endMs, status: isFailed ? 'failed' : 'ok' });
  return analyseSession(maker.document({ sessionId: `s${endMs}` }), { priceBook: createPriceBook() });
}

function sumsAt(startMs: number, tokens: number): CallSums {
  const usage = { input: BigInt(tokens), cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, reasoning: 0n };
  return { startMs, calls: 1, failedCalls: 0, estimatedCalls: 0, unpricedCalls: 0, usage, costPicodollars: 5n };
}
