import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel';
import { ToolError } from './failures.ts';
import type { TracedAnswer } from './traced-fetch.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  readonly state: BreakerState;
  /** Rejects at once with a retryable `dependency_unavailable` while the dependency is known to be down. */
  run(call: () => Promise<TracedAnswer>): Promise<TracedAnswer>;
}

/** Opens when more than `threshold` of the last `size` calls failed, of at least `minimumNumberOfCalls`: some failures are normal. */
const OPENING = { threshold: 0.8, size: 20, minimumNumberOfCalls: 10 };
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** What a dependency may ask for with `Retry-After`. */
const LONGEST_ASKED_MS = 5 * 60_000;

/** Ends the calls to a dependency that fails, tries it with one call now and then, and lets all through again once that went well. */
export function createBreaker(dependency: string, onChange: (state: BreakerState, pauseMs: number) => void): Breaker {
  const pause = new Pause();
  const policy: CircuitBreakerPolicy = circuitBreaker(
    // A trial that was cut off by its own task has shown nothing: the next one has to.
    handleWhen((error) =>
      error instanceof ToolError ? error.isRetryable : policy.state === CircuitState.HalfOpen,
    ).orWhenResult((answer) => isFailing((answer as TracedAnswer).status)),
    { halfOpenAfter: pause, breaker: new CountBreaker(OPENING) },
  );
  let openUntil = 0;
  policy.onBreak(() => {
    openUntil = performance.now() + pause.duration;
    onChange('open', pause.duration);
  });
  policy.onHalfOpen(() => onChange('half_open', 0));
  policy.onReset(() => onChange('closed', 0));

  const refuse = () => {
    const retryAfterMs = Math.max(1_000, Math.ceil(openUntil - performance.now()));
    return new ToolError(`${dependency} has failed too often: it is not called for another ${retryAfterMs} ms`, {
      code: 'dependency_unavailable',
      isRetryable: true,
      retryAfterMs,
    });
  };
  return {
    get state() {
      if (policy.state === CircuitState.Closed) return 'closed';
      return policy.state === CircuitState.HalfOpen ? 'half_open' : 'open';
    },
    async run(call) {
      // The library would keep the others waiting for what becomes of the trial.
      if (policy.state === CircuitState.HalfOpen) throw refuse();
      try {
        return await policy.execute(call);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? refuse() : error;
      }
    },
  };
}

/** Other answers of 4xx are about the request: whoever gives them is well. */
function isFailing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Doubles with each trial that fails; longer when the dependency itself asked for it. */
class Pause implements IBackoff<{ readonly attempt: number; readonly result: object }> {
  duration = FIRST_PAUSE_MS;

  next({ attempt, result }: { readonly attempt: number; readonly result: object }): this {
    const backOffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    const askedMs = 'value' in result ? (result.value as TracedAnswer).retryAfterMs : null;
    this.duration = Math.max(backOffMs, Math.min(LONGEST_ASKED_MS, askedMs ?? 0));
    return this;
  }
}
