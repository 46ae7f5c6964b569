export interface TaskFailureOptions extends ErrorOptions {
  /** Another attempt may go better. Default: no, since whoever gives a failure a name knows what happened. */
  readonly isRetryable?: boolean;
  /** When it may go better, if somebody said so (`Retry-After`); else the policy of the notification type decides. */
  readonly retryAfterMs?: number;
  /** Of an effect inside `once`: it may have happened although it failed (no answer came), so it is not simply done again. */
  readonly mayHaveHappened?: boolean;
}

/** A failure with a name (lower_snake `code`) and a sentence. Thrown as it is, it is permanent: the task ends as `failed`. */
export class TaskFailure extends Error {
  readonly code: string;
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | null;
  readonly mayHaveHappened: boolean;

  constructor(code: string, message: string, options: TaskFailureOptions = {}) {
    super(message, options);
    this.name = 'TaskFailure';
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.mayHaveHappened = options.mayHaveHappened ?? false;
  }
}

/** No other attempt will go better (a user that does not exist, an image that is none): the task ends as `failed` now. */
export class PermanentFailure extends TaskFailure {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'PermanentFailure';
  }
}

/** Not now: the attempt is over, another follows after `delayMs` (or as the policy says), while there are attempts left. */
export class RetryLater extends TaskFailure {
  constructor(reason: string, { delayMs, ...options }: ErrorOptions & { readonly delayMs?: number } = {}) {
    if (delayMs !== undefined && !(Number.isFinite(delayMs) && delayMs >= 0)) {
      throw new TypeError(`delayMs is a number of milliseconds from 0, not ${delayMs}`);
    }
    super('retry_later', reason, {
      ...options,
      isRetryable: true,
      ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
    });
    this.name = 'RetryLater';
  }
}

export interface ToolErrorOptions extends TaskFailureOptions {
  /** `tool_error` unless the failure has a name of its own. */
  readonly code?: string;
}

/**
 * A tool could not do its work: unreachable, slow, or an answer that makes no sense. Never an invented result. Retried only when it
 * says `isRetryable`: the host's `fetch` says it of what passes by itself (no connection, out of time, 408, 425, 429, 5xx).
 */
export class ToolError extends TaskFailure {
  constructor(message: string, { code = 'tool_error', ...options }: ToolErrorOptions = {}) {
    super(code, message, options);
    this.name = 'ToolError';
  }
}

/** Reason of a signal that was aborted because somebody asked for it. */
export class CancelledError extends Error {
  readonly code = 'agent-kit/cancelled';
  readonly isRetryable = false;
  /** Who asked. */
  readonly by: string;

  constructor(by: string) {
    super(`cancelled by ${by}`);
    this.name = 'CancelledError';
    this.by = by;
  }
}
