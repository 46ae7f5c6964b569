import { NO_USAGE } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { type Circumstances, decide } from './decide.ts';
import { DEFAULT_RETRY } from './retry-policy.ts';
import type { AttemptOutcome } from './runner.ts';

const error = { code: 'tool_error', message: 'no answer' };
const usage = NO_USAGE;
const first: Circumstances = { policy: DEFAULT_RETRY, attempt: 1, crashes: 0, isCancelled: false };
const last: Circumstances = { ...first, attempt: 5 };
const transient: AttemptOutcome = { status: 'failed', error, isRetryable: true, retryAfterMs: null, usage };
const crash: AttemptOutcome = { status: 'crashed', error: { code: 'worker_crashed', message: '' }, isAlone: true };

describe('what follows from an attempt', () => {
  it('is its end when it succeeded, was cancelled, or failed for good', () => {
    const result = { status: 'succeeded', result: 1, isPartial: true, usage } as const;
    expect(decide(result, first)).toEqual(result);
    expect(decide({ status: 'cancelled', usage }, first)).toEqual({ status: 'cancelled', usage });
    expect(decide({ ...transient, isRetryable: false }, first)).toEqual({ status: 'failed', error, usage });
  });

  it('is another attempt when it may go better, and after the last one the end', () => {
    expect(decide(transient, first)).toEqual({ status: 'retry', error, delayMs: 1_000, usage });
    expect(decide({ ...transient, retryAfterMs: 60_000 }, first)).toMatchObject({ delayMs: 60_000 });
    expect(decide(transient, last)).toEqual({ status: 'failed', error, usage });
  });

  it('is another attempt when it ran out of time, and the last one ends as timed_out', () => {
    const late = { status: 'timed_out', error, usage } as const;
    expect(decide(late, first)).toMatchObject({ status: 'retry', delayMs: 1_000 });
    expect(decide(late, last)).toEqual({ status: 'timed_out', error, usage });
  });

  it('is another attempt after a crash, and dead after as many as the broker would bear with', () => {
    expect(decide(crash, first)).toMatchObject({ status: 'retry', error: { code: 'worker_crashed' } });
    expect(decide(crash, { ...first, attempt: 5, crashes: 4 })).toMatchObject({ status: 'dead' });
    const patient = { ...DEFAULT_RETRY, maxAttempts: 100 };
    expect(decide(crash, { ...first, policy: patient, attempt: 4, crashes: 3 })).toMatchObject({ status: 'retry' });
    expect(decide(crash, { ...first, policy: patient, attempt: 5, crashes: 4 })).toMatchObject({ status: 'dead' });
  });

  it('is dead, not failed, when a crash used up the last attempt of a shorter policy', () => {
    const policy = { ...DEFAULT_RETRY, maxAttempts: 2 };
    expect(decide(crash, { ...first, policy, attempt: 2, crashes: 1 })).toMatchObject({ status: 'dead' });
  });

  it('is the cancelled end when somebody asked for it and the attempt failed meanwhile', () => {
    expect(decide(transient, { ...first, isCancelled: true })).toEqual({ status: 'cancelled', usage });
    expect(decide(transient, { ...last, isCancelled: true })).toMatchObject({ status: 'failed' });
  });

  it('is nothing when the worker had to let go', () => {
    expect(decide({ status: 'stopped' }, first)).toEqual({ status: 'let_go' });
  });
});
