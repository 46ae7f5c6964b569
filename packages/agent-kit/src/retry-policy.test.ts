import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY, planRetry, readRetryPolicy } from './retry-policy.ts';

describe('the delay before another attempt', () => {
  it('grows with each attempt up to its cap, and ends with the last', () => {
    const delays = [1, 2, 3, 4, 5].map((attempt) => planRetry(DEFAULT_RETRY, attempt, null));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, null]);
    expect(planRetry({ ...DEFAULT_RETRY, maxAttempts: 100 }, 60, null)).toBe(900_000);
  });

  it('is at least what a dependency asked for, also above the cap, but gives no further attempt', () => {
    expect(planRetry(DEFAULT_RETRY, 1, 30_000)).toBe(30_000);
    expect(planRetry(DEFAULT_RETRY, 4, 2_000)).toBe(8_000);
    expect(planRetry({ ...DEFAULT_RETRY, maxDelayMs: 5_000 }, 1, 30_000)).toBe(30_000);
    expect(planRetry(DEFAULT_RETRY, 5, 30_000)).toBeNull();
  });

  it('is none for a task whose attempts were used up by crashes', () => {
    expect(planRetry(DEFAULT_RETRY, 7, null)).toBeNull();
  });
});

describe('a retry policy', () => {
  it('is filled in with the defaults', () => {
    expect(readRetryPolicy('a.b', undefined)).toEqual({
      maxAttempts: 5,
      initialDelayMs: 1_000,
      factor: 2,
      maxDelayMs: 900_000,
    });
    expect(readRetryPolicy('a.b', { maxAttempts: 2 })).toEqual({ ...DEFAULT_RETRY, maxAttempts: 2 });
  });

  it.each<[unknown, string]>([
    [{ maxAttempts: 0 }, 'retry.maxAttempts of a.b is 0; it has to be a whole number from 1 to 100'],
    [{ maxAttempts: 1.5 }, 'retry.maxAttempts of a.b is 1.5'],
    [{ initialDelayMs: -1 }, 'retry.initialDelayMs of a.b is -1; it has to be milliseconds from 0 to a day'],
    [{ initialDelayMs: '1s' }, 'retry.initialDelayMs of a.b is "1s"'],
    [{ factor: 0.5 }, 'retry.factor of a.b is 0.5'],
    [{ maxDelayMs: Number.NaN }, 'retry.maxDelayMs of a.b is null'],
    [{ maxDelayMs: 500 }, 'retry of a.b begins with 1000 ms, more than its maxDelayMs'],
    [{ delayMs: 5 }, 'retry of a.b has "delayMs"; it knows maxAttempts, initialDelayMs, factor, maxDelayMs'],
    [3, 'retry of a.b is no object of maxAttempts'],
    [null, 'retry of a.b is no object of maxAttempts'],
  ])('%j is refused with a sentence that says what would be right', (given, sentence) => {
    expect(() => readRetryPolicy('a.b', given as never)).toThrow(sentence);
  });
});
