import { StoreUnavailableError } from '@tracepost/stores';

export interface FetchOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** GET with a deadline for the whole and a limit for the body. Rejects with `StoreUnavailableError`. */
export async function fetchText(
  url: string,
  { timeoutMs, maxBytes, signal }: FetchOptions,
): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return { status: response.status, body: await readBody(response, maxBytes) };
  } catch (error) {
    throw new StoreUnavailableError('jaeger', `Jaeger cannot be asked: ${describe(error)}`, { cause: error });
  }
}

async function readBody({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the request.
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
