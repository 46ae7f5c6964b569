import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoreUnavailableError, type TraceReader } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { describe, expect, test } from 'vitest';
import { createJaegerTraceReader } from '../src/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PAGE = '<!doctype html><title>Jaeger UI</title>';

describe('an answer of Jaeger', () => {
  test('404 with its JSON means that the trace is unknown', async () => {
    const body = '{"error":{"httpCode":404,"message":"No traces found"}}';
    await withServer(answering(404, body), async (reader) => {
      expect(await reader.getTrace(TRACE)).toEqual([]);
    });
  });

  test.each([
    ['a web page, as for a path that it does not know', 200, PAGE, /page and not with JSON/],
    ['a web page of somebody else', 404, PAGE, /answer 404/],
    ['500', 500, '{"error":{"message":"badger is closed"}}', /answer 500.*badger is closed/],
    ['half a document', 200, '{"result":{"resourceSpans":[', /no JSON/],
    ['a redirect', 302, '', /redirect/],
  ])('%s is an error that says so', async (_, status, body, words) => {
    await withServer(answering(status, body), async (reader) => {
      await expect(reader.getTrace(TRACE)).rejects.toThrow(words);
      await expect(reader.getTrace(TRACE)).rejects.toThrow(StoreUnavailableError);
      await expect(reader.ping()).rejects.toThrow(StoreUnavailableError);
    });
  });

  test('that is too large is an error, and is not read to its end', async () => {
    const cutOff = Promise.withResolvers<void>();
    const endless: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write(' '.repeat(10_000)), 1);
      response.on('close', () => {
        clearInterval(timer);
        cutOff.resolve();
      });
    };
    await withServer(
      endless,
      async (reader) => {
        await expect(reader.getTrace(TRACE)).rejects.toThrow(/larger than 100000 bytes/);
        await cutOff.promise;
      },
      { maxBytes: 100_000 },
    );
  });

  test('that does not come ends at the deadline', async () => {
    await withServer(
      () => {},
      async (reader) => {
        await expect(reader.getTrace(TRACE)).rejects.toThrow(/timeout/);
      },
      { timeoutMs: 50 },
    );
  });

  test('that is under way when the reader is closed, is given up', async () => {
    await withServer(
      () => {},
      async (reader) => {
        const asked = reader.getTrace(TRACE);
        await reader.close();
        await reader.close();
        await expect(asked).rejects.toThrow(/This operation was aborted/);
      },
    );
  });

  test('may hold anything: what is missing is empty, a span that comes twice is one', async () => {
    const span = {
      traceId: TRACE,
      spanId: 'AA',
      startTimeUnixNano: '5',
      attributes: [{}, null, { key: 'k', value: 3 }],
    };
    const spans = [span, span, null, 'x', { kind: 'server', status: 7, events: {}, links: [null] }];
    const body = JSON.stringify({ result: { resourceSpans: [null, { scopeSpans: [{ spans }, 4] }] } });
    await withServer(answering(200, body), async (reader) => {
      const found = await reader.getTrace(TRACE);
      expect(found.find(({ spanId }) => spanId === 'aa')).toMatchObject({
        service: 'unknown_service',
        kind: 'internal',
      });
      expect(found.filter(({ spanId }) => spanId === 'aa')).toHaveLength(1);
    });
  });

  test('keeps each type of attribute that OTLP knows', async () => {
    const values = {
      text: { stringValue: 't' },
      truth: { boolValue: false },
      whole: { intValue: '42' },
      fraction: { doubleValue: 0.5 },
      nan: { doubleValue: 'NaN' },
      list: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'b' }] } },
      map: { kvlistValue: { values: [{ key: 'inner', value: { boolValue: true } }] } },
      bytes: { bytesValue: 'AAEC' },
      nothing: {},
    };
    const attributes = Object.entries(values).map(([key, value]) => ({ key, value }));
    const spans = [{ traceId: TRACE, spanId: '01', attributes }];
    const body = JSON.stringify({ result: { resourceSpans: [{ scopeSpans: [{ spans }] }] } });
    await withServer(answering(200, body), async (reader) => {
      const [span] = await reader.getTrace(TRACE);
      expect(span?.attributes).toEqual({
        text: 't',
        truth: false,
        whole: 42,
        fraction: 0.5,
        nan: 'NaN',
        list: [1, 'b'],
        map: { inner: true },
        bytes: 'AAEC',
        nothing: null,
      });
    });
  });

  test('is asked for by the trace id alone, as the spans were sent', async () => {
    const asked: (string | undefined)[] = [];
    await withServer(
      (request, response) => {
        asked.push(request.url);
        response.writeHead(200).end('{}');
      },
      async (reader) => {
        await reader.getTrace(TRACE);
        await reader.getTrace('../services');
        await reader.getTrace(TRACE.toUpperCase());
      },
    );
    expect(asked).toEqual([`/api/v3/traces/${TRACE}?raw_traces=true`]);
  });
});

function answering(status: number, body: string): RequestListener {
  return ({ url }, response) => {
    if (url === '/elsewhere') response.end('{}');
    else response.writeHead(status, { 'content-type': 'text/plain', location: '/elsewhere' }).end(body);
  };
}

async function withServer(
  listener: RequestListener,
  work: (reader: TraceReader) => Promise<void>,
  settings: { readonly timeoutMs?: number; readonly maxBytes?: number } = {},
): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const telemetry = createTelemetry({ serviceName: 'tracepost-test' });
  const reader = createJaegerTraceReader({ url, telemetry, ...settings });
  try {
    await work(reader);
  } finally {
    await reader.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}
