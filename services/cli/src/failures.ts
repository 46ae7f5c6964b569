/** What `tracepost` says of itself when it ends: done, failed, used wrongly. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The call was wrong: the sentence says what would be right. Exit 2. */
export class UsageError extends Error {
  readonly code = 'cli/usage';
  readonly isRetryable = false;
}

export interface CommandFailureOptions extends ErrorOptions {
  readonly traceId?: string | null;
  readonly isRetryable?: boolean;
}

/** It was asked for rightly and could not be done. Exit 1. */
export class CommandFailure extends Error {
  readonly code = 'cli/failed';
  /** Asking again in a moment may help: nobody answered, or who answered was busy. */
  readonly isRetryable: boolean;
  /** For machines: the code of the problem (`TASK_NOT_FOUND`), or a word of ours. */
  readonly reason: string;
  readonly traceId: string | null;

  constructor(reason: string, message: string, options: CommandFailureOptions = {}) {
    super(message, options);
    this.reason = reason;
    this.isRetryable = options.isRetryable ?? false;
    this.traceId = options.traceId ?? null;
  }
}

/** Ctrl-C, or whoever read our output has gone. */
export class InterruptedError extends Error {
  readonly code = 'cli/interrupted';
}
