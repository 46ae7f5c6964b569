import { NO_TOKENS } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { describe, expect, test } from 'vitest';
import { analyseSession } from '../sessions/analyse-session.ts';
import { DocumentMaker } from '../sessions/make-document.ts';
import { forecast } from './forecast.ts';
import { forecastOf } from './forecast-of.ts';

const HOUR_MS = 3_600_000;
const firstMs = Date.UTC(2025, 5, 1);
const pointsOf = (values: readonly number[]) => values.map((value, at) => ({ startMs: firstMs + at * HOUR_MS, value }));
const options = { stepMs: HOUR_MS, season: 24, horizon: 6, lowest: 0 };

describe('a forecast', () => {
  test('goes on with a straight line, without error where there was none', () => {
    const found = forecastOf(pointsOf(Array.from({ length: 20 }, (_, at) => 10 + 2 * at)), options);
    expect(found?.method).toBe('linear');
    expect(found?.points.map(({ value }) => Math.round(value))).toEqual([50, 52, 54, 56, 58, 60]);
    expect(found?.points[0]?.startMs).toBe(firstMs + 20 * HOUR_MS);
    expect(found?.backTest.meanAbsoluteError).toBeCloseTo(0, 9);
    expect(found?.backTest.errorOfSeasonalNaive).toBeNull();
  });

  test('repeats the season where that was less wrong', () => {
    const day = Array.from({ length: 24 }, (_, hour) => (hour > 8 && hour < 18 ? 100 + hour : 5));
    const found = forecastOf(pointsOf([...day, ...day, ...day]), { ...options, horizon: 24 });
    expect(found?.method).toBe('seasonal_naive');
    expect(found?.points.map(({ value }) => value)).toEqual(day);
    expect(found?.backTest).toMatchObject({ meanAbsoluteError: 0, errorOfSeasonalNaive: 0 });
    expect(found?.backTest.errorOfLinear).toBeGreaterThan(10);
  });

  test('states the error that it had where the truth is known', () => {
    // One origin's worth by hand: five points known (mean 2, no slope), each next is off by what is written here.
    const found = forecastOf(pointsOf([2, 2, 2, 2, 2, 4, 2, 2]), { ...options, horizon: 1 });
    const line = (known: readonly number[], at: number): number => {
      const meanX = (known.length - 1) / 2;
      const meanY = known.reduce((sum, value) => sum + value, 0) / known.length;
      const slope =
        known.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0) /
        known.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
      return meanY + slope * (at - meanX);
    };
    const errors = [2, Math.abs(2 - line([2, 2, 2, 2, 2, 4], 6)), Math.abs(2 - line([2, 2, 2, 2, 2, 4, 2], 7))];
    expect(found?.backTest.forecasts).toBe(3);
    expect(found?.backTest.meanAbsoluteError).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / 3, 9);
    expect(found?.points[0]?.high).toBeCloseTo((found?.points[0]?.value ?? 0) + 2, 9);
  });

  test('is none where nothing could be tested, and never below or above what is possible', () => {
    expect(forecastOf(pointsOf([1, 2, 3, 4, 5, 6, 7]), options)).toBeNull();
    const falling = forecastOf(pointsOf([9, 8, 7, 6, 5, 4, 3, 2, 1]), { ...options, horizon: 20 });
    expect(falling?.points.every(({ value, low }) => value >= 0 && low >= 0)).toBe(true);
    const rising = forecastOf(pointsOf([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]), {
      ...options,
      horizon: 20,
      highest: 1,
    });
    expect(rising?.points.every(({ high }) => high <= 1)).toBe(true);
  });
});

describe('forecasts of a window', () => {
  test('count the hours in which nothing was asked, and leave out the one that is not over', () => {
    const usage = { input: 100n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, reasoning: 0n };
    const found = forecast({ nowMs: firstMs + 20.5 * HOUR_MS, step: 'hour' });
    for (const at of [0, 1, 2, 3, 20]) {
      const sums = {
        calls: 1,
        failedCalls: 0,
        estimatedCalls: 0,
        unpricedCalls: 0,
        usage,
        costPicodollars: 10n ** 12n,
      };
      found.addCalls({ ...sums, startMs: firstMs + at * HOUR_MS });
    }
    const { tokens, costUsd, errorRate } = found.result();
    expect(tokens?.basedOn).toBe(20);
    expect(costUsd?.basedOn).toBe(20);
    expect(costUsd?.points).toHaveLength(24);
    expect(costUsd?.points[0]?.startMs).toBe(firstMs + 20 * HOUR_MS);
    expect(errorRate).toBeNull();
  });

  test('leave out the hour of which only the end lies in the window', () => {
    const found = forecast({ fromMs: firstMs + 0.5 * HOUR_MS, nowMs: firstMs + 20 * HOUR_MS, step: 'hour' });
    for (let at = 0; at < 20; at++) {
      const endedAtMs = firstMs + (at + 0.75) * HOUR_MS;
      const usage = { ...NO_TOKENS, input: at === 0 ? 1 : 100 };
      const counts = { modelCalls: 1, toolCalls: 1, failedModelCalls: at === 0 ? 1 : 0, failedToolCalls: 0 };
      const { totals } = analyseSession(new DocumentMaker().document(), { priceBook: createPriceBook() });
      found.add({ totals: { ...totals, ...counts, endedAtMs, usage, costUsd: 1 } });
    }
    const { tokens, costUsd, errorRate } = found.result();
    expect([tokens, costUsd, errorRate].map((each) => each?.basedOn)).toEqual([19, 19, 19]);
    expect(tokens?.points[0]).toMatchObject({ startMs: firstMs + 20 * HOUR_MS, value: 100 });
    expect(errorRate?.points[0]?.value).toBe(0);
  });
});
