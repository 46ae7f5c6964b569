import type { RetryPolicy } from './runner.ts';

export const DEFAULT_RETRY: RetryPolicy = Object.freeze({
  maxAttempts: 5,
  initialDelayMs: 1_000,
  factor: 2,
  maxDelayMs: 15 * 60_000,
});

/** How long to wait after `attempt` failed; null when it was the last one. What a dependency asked for is a floor, and the only thing above the cap. */
export function planRetry(policy: RetryPolicy, attempt: number, retryAfterMs: number | null): number | null {
  if (attempt >= policy.maxAttempts) return null;
  const backOffMs = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.factor ** (attempt - 1));
  return Math.max(backOffMs, retryAfterMs ?? 0);
}

const CHECKS: Readonly<Record<keyof RetryPolicy, { isRight: (value: number) => boolean; is: string }>> = {
  maxAttempts: {
    isRight: (value) => Number.isInteger(value) && value >= 1 && value <= 100,
    is: 'a whole number from 1 to 100',
  },
  initialDelayMs: { isRight: (value) => value >= 0 && value <= 86_400_000, is: 'milliseconds from 0 to a day' },
  factor: { isRight: (value) => value >= 1 && value <= 100, is: 'a number from 1 to 100' },
  maxDelayMs: { isRight: (value) => value >= 0 && value <= 86_400_000, is: 'milliseconds from 0 to a day' },
};

/** Fills in the defaults; throws a `TypeError` that names `where`, the member, and what would be right. */
export function readRetryPolicy(where: string, given: Partial<RetryPolicy> | undefined): RetryPolicy {
  if (given === undefined) return DEFAULT_RETRY;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`retry of ${where} is no object of ${Object.keys(CHECKS).join(', ')}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(CHECKS, name)) {
      throw new TypeError(`retry of ${where} has "${name}"; it knows ${Object.keys(CHECKS).join(', ')}`);
    }
    const { isRight, is } = CHECKS[name as keyof RetryPolicy];
    if (typeof value !== 'number' || !isRight(value)) {
      throw new TypeError(`retry.${name} of ${where} is ${JSON.stringify(value)}; it has to be ${is}`);
    }
  }
  const policy = { ...DEFAULT_RETRY, ...given };
  if (policy.maxDelayMs < policy.initialDelayMs) {
    throw new TypeError(`retry of ${where} begins with ${policy.initialDelayMs} ms, more than its maxDelayMs`);
  }
  return Object.freeze(policy);
}
