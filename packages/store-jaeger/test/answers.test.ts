import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoreUnavailableError, type TraceReader } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { describe, expect, test } from 'vitest';
import { createJaegerTraceReader } from '../src/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TIMES = { startTimeUnixNano: '1790000000000000000', endTimeUnixNano: '1790000000000000005' };
const WARNING = 'Negative duration detected, sanitizing end timestamp.';
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

  test('of any length gives the first 10,000 spans and one more, whatever order they come in', async () => {
    const places = Array.from({ length: 30_000 }, (_, at) => (at * 7) % 30_000);
    await withServer(
      streaming(document(places.map((place) => spanAt(place, 'x'.repeat(2_000))))),
      async (reader) => {
        const found = await reader.getTrace(TRACE);
        expect(found).toHaveLength(10_001);
        expect(found.every(({ name }, place) => name === `span ${place}`)).toBe(true);
        // So much of it was kept whole as was allowed, and the rest says that it was not.
        const whole = found.filter(({ attributes }) => attributes.text === 'x'.repeat(2_000));
        expect(whole.length).toBeGreaterThan(400);
        expect(whole.length).toBeLessThan(500);
        expect(found.slice(0, whole.length)).toEqual(whole);
        for (const { attributes, events } of found.slice(whole.length))
          expect({ attributes, events }).toEqual({ attributes: { 'tracepost.truncated': true }, events: [] });
      },
      { maxBytes: 1_000_000 },
    );
  });

  test('with one span that is too large is an error, and is not read to its end', async () => {
    const cutOff = Promise.withResolvers<void>();
    const endless: RequestListener = (_, response) => {
      response.write('{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"');
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
      response.on('close', () => {
        clearInterval(timer);
        cutOff.resolve();
      });
    };
    await withServer(
      endless,
      async (reader) => {
        await expect(reader.getTrace(TRACE)).rejects.toThrow(/one part of the answer is larger than 100000 bytes/);
        await cutOff.promise;
      },
      { maxBytes: 100_000 },
    );
  });

  test('that does not end, ends at the deadline', async () => {
    const endless: RequestListener = (_, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '.repeat(10_000)), 1);
      response.on('close', () => clearInterval(timer));
    };
    await withServer(
      endless,
      async (reader) => {
        await expect(reader.getTrace(TRACE)).rejects.toThrow(/timeout/);
      },
      { timeoutMs: 100 },
    );
  });

  test('may be cut anywhere on its way, and hold brackets and quotes in its texts', async () => {
    const text = 'one " then ]}]} — 日本 🦊 \\';
    const spans = [0, 1, 2].map((place) => spanAt(place, text));
    const bytes = Buffer.from(document(spans));
    await withServer(
      async (_, response) => {
        for (let at = 0; at < bytes.length; at += 7) {
          response.write(bytes.subarray(at, at + 7));
          if (at % 70 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        response.end();
      },
      async (reader) => {
        const found = await reader.getTrace(TRACE);
        expect(found.map(({ name, service, attributes }) => [name, service, attributes.text])).toEqual(
          [0, 1, 2].map((place) => [`span ${place}`, 'shop', text]),
        );
      },
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
      ...TIMES,
      attributes: [{}, null, { key: 'k', value: 3 }],
    };
    const odd = { spanId: 'BB', ...TIMES, kind: 'server', status: 7, events: {}, links: [null], attributes: 'x' };
    const spans = [span, span, null, 'x', {}, odd];
    const body = JSON.stringify({ result: { resourceSpans: [null, { scopeSpans: [{ spans }, 4] }] } });
    await withServer(answering(200, body), async (reader) => {
      const found = await reader.getTrace(TRACE);
      expect(found.find(({ spanId }) => spanId === 'aa')).toMatchObject({
        service: 'unknown_service',
        kind: 'internal',
      });
      expect(found.map(({ spanId }) => spanId)).toEqual(['aa', 'bb']);
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
    const spans = [{ traceId: TRACE, spanId: '01', ...TIMES, attributes }];
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

  test('does not show what the ingest has refused, and shows each end as it was sent', async () => {
    const warned = (end: string) => ({
      startTimeUnixNano: '1790000000001000007',
      endTimeUnixNano: '1790000000001000008',
      attributes: [
        {
          key: '@jaeger@warnings',
          value: {
            arrayValue: { values: [{ stringValue: `${WARNING} Original end timestamp: ${end}, adjusted to: …` }] },
          },
        },
      ],
    });
    const spans = [
      { spanId: '01', name: 'of no duration', ...warned('2026-09-21 14:13:20.001000007 +0000 UTC') },
      { spanId: '02', name: 'ends before it starts', ...warned('2026-09-21 14:13:20.001 +0000 UTC') },
      { spanId: '03', name: 'of 1970', startTimeUnixNano: '5', endTimeUnixNano: '7' },
      { name: 'without an id', ...TIMES },
      { spanId: '0000000000000000', name: 'with the id of none', ...TIMES },
    ].map((span) => ({ traceId: TRACE, ...span }));
    await withServer(streaming(document(spans)), async (reader) => {
      const found = await reader.getTrace(TRACE);
      expect(found.map(({ name, durationMs, attributes }) => [name, durationMs, attributes])).toEqual([
        ['of no duration', 0, {}],
      ]);
    });
  });

  test('is read whatever a span that was sent says in the name of Jaeger', async () => {
    const text = { stringValue: 'Original end timestamp: 2026-99-99 99:99:99 +0000 UTC' };
    const spans = [{ traceId: TRACE, spanId: '01', ...TIMES, attributes: [{ key: '@jaeger@warnings', value: text }] }];
    await withServer(streaming(document(spans)), async (reader) => {
      expect(await reader.getTrace(TRACE)).toMatchObject([{ durationMs: 5e-6 }]);
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

function spanAt(place: number, text: string): unknown {
  return {
    traceId: TRACE,
    spanId: (place + 1).toString(16).padStart(16, '0'),
    name: `span ${place}`,
    startTimeUnixNano: String(1_790_000_000_000_000_000n + BigInt(place)),
    endTimeUnixNano: String(1_790_000_000_000_000_001n + BigInt(place)),
    attributes: [{ key: 'text', value: { stringValue: text } }],
  };
}

function document(spans: readonly unknown[]): string {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  return JSON.stringify({ result: { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 's' }, spans }] }] } });
}

function streaming(body: string): RequestListener {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(body);
  };
}

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
