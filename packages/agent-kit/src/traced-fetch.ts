import { type Attributes, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ATTR, formatTraceparent, type Telemetry, withSpan } from '@tracepost/telemetry';
import type { Breakers } from './breakers.ts';
import { ToolError } from './failures.ts';
import { isTransientStatus, readRetryAfter } from './retry-after.ts';

export interface TracedRequest {
  /** Outside service and operation, for the log line `service:<name>:<operation>`. */
  readonly service: string;
  readonly operation: string;
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

export interface TracedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** What its `Retry-After` asks for; null when it has none. */
  readonly retryAfterMs: number | null;
}

/**
 * GET with a deadline over the whole answer and a cap on its size. Rejects with a `ToolError` when there is no answer (retryable),
 * when it is too large (permanent), and at once, retryable, while the host has failed too often to be asked (`dependency_unavailable`).
 */
export type TracedFetch = (request: TracedRequest) => Promise<TracedAnswer>;

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;

/** The error for an answer that is none of use: retryable when its status is one that passes by itself, after what it asked for. */
export function refuseAnswer(
  { status, retryAfterMs }: Pick<TracedAnswer, 'status' | 'retryAfterMs'>,
  message: string,
): ToolError {
  return new ToolError(message, {
    isRetryable: isTransientStatus(status),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

/** `ids` stand on every span: whose task the call is of. */
export function createTracedFetch(telemetry: Telemetry, breakers: Breakers, ids: Attributes = {}): TracedFetch {
  return ({ service, operation, url, signal, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES }) => {
    const started = performance.now();
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const measure = (outcome: { 'http.response.status_code'?: number; 'error.type'?: string }) =>
      telemetry.metrics.record('http.client.request.duration', (performance.now() - started) / 1000, {
        'http.request.method': 'GET',
        'server.address': breakers.seriesOf(url.host),
        'server.port': port,
        ...outcome,
      });
    const log = (fields: Record<string, unknown>, result: 'success' | 'error') =>
      telemetry.logger[result === 'success' ? 'info' : 'warn'](
        {
          layer: 'tool',
          phase: 'hop',
          hopName: 'call',
          hopResult: result,
          result,
          action: `service:${service}:${operation}`,
          durationMs: Math.round((performance.now() - started) * 10) / 10,
          ...fields,
        },
        `${service} ${operation}`,
      );
    const attributes = {
      ...ids,
      [ATTR.httpMethod]: 'GET',
      [ATTR.serverAddress]: url.hostname,
      [ATTR.serverPort]: port,
      // The query may hold what a user wrote: only the place is told.
      [ATTR.urlFull]: `${url.origin}${url.pathname}`,
    };
    const ask = async (span: Span): Promise<TracedAnswer> => {
      try {
        const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        const response = await fetch(url, {
          signal: deadline,
          redirect: 'error',
          headers: { accept: 'application/json', traceparent: formatTraceparent(span.spanContext()) },
        });
        span.setAttribute(ATTR.httpStatus, response.status);
        return {
          status: response.status,
          contentType: response.headers.get('content-type') ?? '',
          body: await readCapped(response, maxBytes, service),
          retryAfterMs: readRetryAfter(response.headers.get('retry-after'), Date.now()),
        };
      } catch (error) {
        throw error instanceof ToolError ? error : describe(error, { service, url, timeoutMs, signal });
      }
    };
    return withSpan(telemetry, { name: 'GET', kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        const answer = await breakers.of(url.host).run(() => ask(span));
        if (answer.status >= 400) {
          span.setAttribute(ATTR.errorType, String(answer.status));
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        measure({
          'http.response.status_code': answer.status,
          ...(answer.status >= 400 ? { 'error.type': String(answer.status) } : {}),
        });
        log({ 'http.response.status_code': answer.status }, answer.status < 400 ? 'success' : 'error');
        return answer;
      } catch (error) {
        measure({ 'error.type': errorTypeOf(error) });
        log({ error }, 'error');
        throw error;
      }
    });
  };
}

function errorTypeOf(error: unknown): string {
  return error instanceof ToolError ? error.code : '_OTHER';
}

async function readCapped(response: Response, maxBytes: number, service: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) throw new ToolError(`${service} answered with more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function describe(
  error: unknown,
  { service, url, timeoutMs, signal }: { service: string; url: URL; timeoutMs: number; signal: AbortSignal },
): unknown {
  // Ended from outside (out of time, stopping): the one who aborted says why.
  if (signal.aborted) return signal.reason;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new ToolError(`${service} did not answer within ${timeoutMs} ms`, { cause: error, isRetryable: true });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? ((cause as { code?: string }).code ?? cause.message) : String(cause);
  // Whoever sends us elsewhere is there, and will do so again.
  const isRetryable = reason !== 'unexpected redirect';
  return new ToolError(`${service} at ${url.origin} cannot be reached: ${reason}`, { cause: error, isRetryable });
}
