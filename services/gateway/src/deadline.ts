/** The other side did not answer in time; what it does now is unknown. */
export class DeadlineError extends Error {
  readonly code = 'gateway/deadline';
  readonly isRetryable = true;
}

/** Gives the promise's outcome, or rejects with `DeadlineError` after `timeoutMs`. A late outcome is ignored. */
export async function withDeadline<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
