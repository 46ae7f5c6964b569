import { NO_USAGE, type TaskError, type Usage } from '@tracepost/contracts';
import { planRetry } from './retry-policy.ts';
import type { AttemptOutcome, RetryPolicy } from './runner.ts';

/** So often a task may take its thread or its process with it. */
export const CRASH_LIMIT = 5;

/** What follows from how an attempt went. */
export type Decision =
  | { readonly status: 'succeeded'; readonly result: unknown; readonly isPartial: boolean; readonly usage: Usage }
  | { readonly status: 'failed' | 'timed_out' | 'dead'; readonly error: TaskError; readonly usage: Usage }
  | { readonly status: 'cancelled'; readonly usage: Usage }
  | { readonly status: 'retry'; readonly error: TaskError; readonly delayMs: number; readonly usage: Usage }
  /** Nothing is told: somebody else should have it. */
  | { readonly status: 'let_go' };

export interface Circumstances {
  readonly policy: RetryPolicy;
  readonly attempt: number;
  /** How often this message has taken its thread or its process with it, this time not counted. */
  readonly crashes: number;
  /** Somebody asked for the end of the task, if only after the attempt. */
  readonly isCancelled: boolean;
}

export function decide(outcome: AttemptOutcome, circumstances: Circumstances): Decision {
  switch (outcome.status) {
    case 'succeeded':
      return outcome;
    case 'cancelled':
      return outcome;
    case 'stopped':
      return { status: 'let_go' };
    case 'crashed': {
      if (circumstances.crashes + 1 >= CRASH_LIMIT) return { status: 'dead', error: outcome.error, usage: NO_USAGE };
      return retryOr('dead', { ...outcome, usage: NO_USAGE }, null, circumstances);
    }
    case 'timed_out':
      return retryOr('timed_out', outcome, null, circumstances);
    case 'failed':
      if (!outcome.isRetryable) return { status: 'failed', error: outcome.error, usage: outcome.usage };
      return retryOr('failed', outcome, outcome.retryAfterMs, circumstances);
  }
}

function retryOr(
  status: 'failed' | 'timed_out' | 'dead',
  { error, usage }: { readonly error: TaskError; readonly usage: Usage },
  retryAfterMs: number | null,
  { policy, attempt, isCancelled }: Circumstances,
): Decision {
  const delayMs = planRetry(policy, attempt, retryAfterMs);
  if (delayMs === null) return { status, error, usage };
  // Who asked for the end does not want another attempt.
  return isCancelled ? { status: 'cancelled', usage } : { status: 'retry', error, delayMs, usage };
}
