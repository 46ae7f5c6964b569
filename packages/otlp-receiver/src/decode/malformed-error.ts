type MalformedReason = 'malformed' | 'too_deep' | 'too_many_parts';

/** The request does not follow the format; what `reason` says is counted. */
export class MalformedError extends Error {
  readonly code = 'otlp-receiver/malformed';
  readonly reason: MalformedReason;

  constructor(what: string, reason: MalformedReason = 'malformed') {
    super(`The OTLP message cannot be read: ${what}`);
    this.reason = reason;
  }
}

/** What a record is counted under that could not be read. */
export function reasonOf(error: unknown): string {
  return error instanceof MalformedError ? error.reason : 'malformed';
}
