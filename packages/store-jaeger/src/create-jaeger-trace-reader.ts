import type { SpanSignal } from '@tracepost/contracts';
import { measureStore, StoreUnavailableError, type TraceReader, toTrace } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { fetchText } from './fetch-text.ts';
import { readSpans } from './read-spans.ts';

export interface JaegerTraceReaderOptions {
  /** Of the query service: `http://jaeger:16686` */
  readonly url: string;
  readonly telemetry: Telemetry;
  /** For one answer from its first byte to its last; 15,000 when none is given. */
  readonly timeoutMs?: number;
  /** Past it an answer is an error: 64 MiB when none is given, about 50,000 spans. */
  readonly maxBytes?: number;
}

/** Reads traces by id from Jaeger 2. Spans come to Jaeger by the collector, so there is no writer. */
export function createJaegerTraceReader({
  url,
  telemetry,
  timeoutMs = 15_000,
  maxBytes = 64 * 1024 * 1024,
}: JaegerTraceReaderOptions): TraceReader {
  const closing = new AbortController();
  const ask = (operation: string, path: string) =>
    measureStore(telemetry, { system: 'jaeger', operation, logger: telemetry.logger }, () =>
      fetchText(`${url}${path}`, { timeoutMs, maxBytes, signal: closing.signal }),
    );

  return {
    async getTrace(traceId) {
      // Anything else would reach another path, where Jaeger answers 200 with its web page.
      if (!/^[0-9a-f]{32}$/.test(traceId)) return [];
      // Raw: as the spans were sent. Else times may be moved (clock skew) and warnings stand among the attributes.
      const { status, body } = await ask('get_trace', `/api/v3/traces/${traceId}?raw_traces=true`);
      if (status === 404 && isJson(body)) return [];
      if (status !== 200) throw unusable(`answer ${status}: ${body.slice(0, 200)}`);
      return toTrace(withoutDoubles(readSpans(parse(body))));
    },
    async ping() {
      const { status, body } = await ask('ping', '/api/v3/services');
      if (status !== 200) throw unusable(`answer ${status}: ${body.slice(0, 200)}`);
      parse(body);
    },
    async close() {
      closing.abort();
    },
  };
}

/** A span sent twice is kept once by Badger, twice by Jaeger's memory. */
function withoutDoubles(spans: readonly SpanSignal[]): SpanSignal[] {
  return [...new Map(spans.map((span) => [`${span.spanId} ${span.startTimeUnixNano}`, span])).values()];
}

/** Its JSON is served as `text/plain`, so the type says nothing: only the content does. */
function isJson(body: string): boolean {
  return body.trimStart().startsWith('{');
}

function parse(body: string): unknown {
  if (!isJson(body))
    throw unusable('it answers with a page and not with JSON; is this the address of its query service?');
  try {
    return JSON.parse(body);
  } catch (error) {
    throw unusable('its answer is no JSON', error);
  }
}

function unusable(reason: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('jaeger', `Jaeger cannot be asked: ${reason}`, { cause });
}
