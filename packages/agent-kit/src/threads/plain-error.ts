import type { PlainError } from './thread-messages.ts';

/** An error as data. Class and cause do not cross; name, code and whether it may be tried again do. */
export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null, isRetryable: false };
  const { code, isRetryable } = error as { code?: unknown; isRetryable?: unknown };
  return {
    name: error.name,
    message: error.message,
    code: typeof code === 'string' ? code : null,
    isRetryable: isRetryable === true,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

export function fromPlainError({ name, message, code, isRetryable, stack }: PlainError): Error {
  return Object.assign(new Error(message), {
    name,
    isRetryable,
    ...(code === null ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
  });
}
