import type { SpanSignal } from '@tracepost/contracts';
import { MAX_SPANS_OF_TRACE, measureStore, type TraceReader, toTrace } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { fetchAnswer, readText } from './fetch-answer.ts';
import { createFirstSpans } from './first-spans.ts';
import { createSpanReader } from './read-spans.ts';

export interface JaegerTraceReaderOptions {
  /** Of the query service: `http://jaeger:16686` */
  readonly url: string;
  readonly telemetry: Telemetry;
  /** For one answer from its first byte to its last; 15,000 when none is given. */
  readonly timeoutMs?: number;
  /** What is kept of one answer: spans past it come without attributes, events and links. 64 MiB when none is given. */
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
  const ask = <T>(operation: string, path: string, read: (response: Response) => Promise<T>) =>
    measureStore(telemetry, { system: 'jaeger', operation, logger: telemetry.logger }, () =>
      fetchAnswer(`${url}${path}`, { timeoutMs, signal: closing.signal }, read),
    );

  const readTrace = async (response: Response): Promise<SpanSignal[]> => {
    if (response.status !== 200) {
      const text = await readText(response, maxBytes);
      if (response.status === 404 && isJson(text)) return [];
      throw new Error(`answer ${response.status}: ${text.slice(0, 200)}`);
    }
    // Jaeger gives a whole trace in one document, group by group, and the first spans of all stand anywhere in it.
    const first = createFirstSpans({ most: MAX_SPANS_OF_TRACE + 1, maxBytes });
    const spans = createSpanReader(first, maxBytes);
    let beginning = '';
    for await (const chunk of response.body ?? []) {
      if (beginning === '') beginning = Buffer.from(chunk).toString('latin1').trimStart().slice(0, 1);
      if (beginning !== '' && !isJson(beginning)) throw new Error(A_PAGE);
      spans.push(chunk);
    }
    spans.end();
    return first.list();
  };

  return {
    async getTrace(traceId) {
      // Anything else would reach another path, where Jaeger answers 200 with its web page.
      if (!/^[0-9a-f]{32}$/.test(traceId)) return [];
      // Raw: as the spans were sent. Else times may be moved (clock skew) and warnings stand among the attributes.
      return toTrace(await ask('get_trace', `/api/v3/traces/${traceId}?raw_traces=true`, readTrace));
    },
    async ping() {
      await ask('ping', '/api/v3/services', async (response) => {
        const text = await readText(response, maxBytes);
        if (response.status !== 200) throw new Error(`answer ${response.status}: ${text.slice(0, 200)}`);
        if (!isJson(text)) throw new Error(A_PAGE);
        JSON.parse(text);
      });
    },
    async close() {
      closing.abort();
    },
  };
}

const A_PAGE = 'it answers with a page and not with JSON; is this the address of its query service?';

/** Its JSON is served as `text/plain`, so the type says nothing: only the content does. */
function isJson(body: string): boolean {
  return body.trimStart().startsWith('{');
}
