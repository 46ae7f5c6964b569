import { StoreUnavailableError } from '@tracepost/stores';

export interface FetchOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * GET with a deadline for the whole, reading included. Rejects with `StoreUnavailableError`, also for what `read` throws; the rest of an
 * answer that was not read to its end is not fetched.
 */
export async function fetchAnswer<T>(
  url: string,
  { timeoutMs, signal }: FetchOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return await read(response);
  } catch (error) {
    throw new StoreUnavailableError('jaeger', `Jaeger cannot be asked: ${describe(error)}`, { cause: error });
  }
}

/** The whole body, of at most so many bytes. Leaving the loop cancels the stream, and with it the request. */
export async function readText({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** "fetch failed" alone helps nobody: what failed stands in the cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || (cause as { code?: string }).code || error.message;
}
