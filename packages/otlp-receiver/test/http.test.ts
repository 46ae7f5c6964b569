import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SignalBatch, SinkAnswer } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { createOtlpReceiver, OpenDoorError, type OtlpReceiver, type ReceiverLimits } from '../src/index.ts';
import { encodeLogs, encodeMetrics, encodeSpans, givenLog, givenMetric, givenSpan } from './given.ts';

const TOKEN = 'a-secret-that-is-long';
const telemetry = createTelemetry({ serviceName: 'tracepost-analyst' });
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('a request that is right', () => {
  it.each([
    ['/v1/traces', 'spans', encodeSpans(givenSpan(), givenSpan())],
    ['/v1/logs', 'logs', encodeLogs(givenLog())],
    ['/v1/metrics', 'metrics', encodeMetrics(givenMetric())],
  ] as const)(
    'to %s reaches the sink, plain and gzip, and is answered with an empty protobuf',
    async (path, signal, bytes) => {
      const { url, taken } = await start();
      const plain = await post(url + path, bytes);
      const packed = await post(url + path, gzipSync(bytes), { 'content-encoding': 'gzip' });
      for (const answer of [plain, packed]) {
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe('application/x-protobuf');
        expect(await answer.bytes()).toHaveLength(0);
      }
      expect(taken.map((batch) => batch[signal].length)).toEqual(signal === 'spans' ? [2, 2] : [1, 1]);
    },
  );

  it('may be empty', async () => {
    const { url } = await start();
    expect((await post(`${url}/v1/traces`, Buffer.alloc(0))).status).toBe(200);
  });
});

describe('what was not taken', () => {
  it('is told exactly in a partial success that other implementations can read', async () => {
    const refused = [
      { signal: 'spans', reason: 'invalid_trace_id', count: 2 },
      { signal: 'spans', reason: 'invalid_time', count: 300 },
    ] as const;
    const { url } = await start({ answer: { status: 'taken', refused } });
    const answer = await post(`${url}/v1/traces`, encodeSpans(givenSpan()));
    expect(answer.status).toBe(200);
    expect(ProtobufTraceSerializer.deserializeResponse(await answer.bytes())).toEqual({
      partialSuccess: { rejectedSpans: 302, errorMessage: 'invalid_trace_id: 2, invalid_time: 300' },
    });
  });

  it('because the sink cannot now is 503 with a time to come again', async () => {
    const { url } = await start({ answer: { status: 'later', reason: 'store_failed', retryAfterMs: 2_500 } });
    const answer = await post(`${url}/v1/traces`, encodeSpans(givenSpan()));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await messageOf(answer)).toBe('store_failed');
  });

  it('because the sink throws is 503 and never 500', async () => {
    const { url } = await start({
      accept: () => {
        throw new Error('secret path /var/x');
      },
    });
    const answer = await post(`${url}/v1/traces`, encodeSpans(givenSpan()));
    expect(answer.status).toBe(503);
    expect(await messageOf(answer)).not.toContain('secret');
  });
});

describe('a request is refused', () => {
  it.each<[number, string, string, string, Record<string, string>]>([
    [401, 'without a token', 'POST', '/v1/traces', { authorization: '' }],
    [401, 'with another token', 'POST', '/v1/traces', { authorization: `Bearer ${TOKEN}x` }],
    [401, 'with the token in another scheme', 'POST', '/v1/traces', { authorization: `Basic ${TOKEN}` }],
    [401, 'with the word null', 'POST', '/v1/traces', { authorization: 'Bearer null' }],
    [401, 'without a token, whatever the path', 'POST', '/nothing', { authorization: '' }],
    [404, 'at another path', 'POST', '/v1/profiles', {}],
    [404, 'at a path with a query', 'POST', '/v1/traces?x=1', {}],
    [404, 'at a name of every object', 'POST', '/constructor', {}],
    [405, 'with another method', 'PUT', '/v1/traces', {}],
    [415, 'as text', 'POST', '/v1/traces', { 'content-type': 'text/plain' }],
    [415, 'with a parameter behind the type', 'POST', '/v1/traces', { 'content-type': 'application/x-protobuf; a=b' }],
    [415, 'in brotli', 'POST', '/v1/traces', { 'content-encoding': 'br' }],
    [415, 'in gzip twice', 'POST', '/v1/traces', { 'content-encoding': 'gzip, gzip' }],
    [415, 'in deflate', 'POST', '/v1/traces', { 'content-encoding': 'deflate' }],
  ])('with %i: %s', async (status, _, method, path, headers) => {
    const { url, taken } = await start();
    const answer = await post(url + path, encodeSpans(givenSpan()), headers, method);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/x-protobuf');
    expect(await messageOf(answer)).not.toBe('');
    expect(taken).toEqual([]);
  });

  it('with 400 when it is no OTLP, or OTLP of another signal', async () => {
    const { url } = await start();
    expect((await post(`${url}/v1/traces`, Buffer.from('{"resourceSpans":[]}'))).status).toBe(400);
    expect((await post(`${url}/v1/traces`, encodeLogs(givenLog()))).status).toBe(400);
  });

  it.each<[string, (packed: Buffer) => Buffer]>([
    ['cut off', (packed) => packed.subarray(0, -9)],
    [
      'with a wrong checksum',
      (packed) => Buffer.concat([packed.subarray(0, -8), Buffer.alloc(4), packed.subarray(-4)]),
    ],
    ['joined from two', (packed) => Buffer.concat([packed, packed])],
    ['followed by something', (packed) => Buffer.concat([packed, Buffer.from('more')])],
    ['followed by zeros', (packed) => Buffer.concat([packed, Buffer.alloc(16)])],
    ['none at all', () => encodeSpans(givenSpan())],
    ['of gzip', (packed) => gzipSync(packed)],
  ])('with 400 when the gzip is %s', async (_, change) => {
    const { url, taken } = await start();
    const body = change(gzipSync(encodeSpans(givenSpan())));
    expect((await post(`${url}/v1/traces`, body, { 'content-encoding': 'gzip' })).status).toBe(400);
    expect(taken).toEqual([]);
  });
});

describe('large requests', () => {
  const limits = { maxRequestBytes: 100_000 };

  it('are 413 by their announced length, before a byte is read', async () => {
    const { url } = await start({ limits });
    const request = httpRequest(`${url}/v1/traces`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/x-protobuf',
        'content-length': 100_001,
      },
    });
    request.flushHeaders();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(413);
    request.on('error', () => {});
    request.destroy();
  });

  it('are 413 when they turn out so without a length', async () => {
    const { url } = await start({ limits });
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < 20; at += 1) controller.enqueue(new Uint8Array(10_000));
        controller.close();
      },
    });
    expect((await post(`${url}/v1/traces`, body)).status).toBe(413);
  });

  it('are 413 when a small body inflates to a large one', async () => {
    const { url } = await start({ limits });
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(limits.maxRequestBytes);
    expect((await post(`${url}/v1/traces`, bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
  });

  it('share one budget: past it others are 429 with a time to come again, and get in afterwards', async () => {
    const { url } = await start({ limits: { ...limits, maxBytesUnderWay: 60_000 } });
    const first = httpRequest(`${url}/v1/traces`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-protobuf', 'content-length': 50_000 },
    });
    first.on('error', () => {});
    await new Promise((resolve) => first.write(Buffer.alloc(45_000), resolve));
    const spans = encodeSpans(...Array.from({ length: 200 }, () => givenSpan()));
    expect(spans.length).toBeGreaterThan(15_000);

    // The first one's bytes may still be on their way: its share is taken when it refuses another.
    await expect.poll(async () => (await post(`${url}/v1/traces`, spans)).status).toBe(429);
    const refused = await post(`${url}/v1/traces`, spans);
    expect(refused.headers.get('retry-after')).toBe('1');

    first.destroy();
    await expect.poll(async () => (await post(`${url}/v1/traces`, spans)).status).toBe(200);
  });
});

describe('connections', () => {
  it('that send slowly are closed', async () => {
    const { url } = await start({ limits: { requestTimeoutMs: 200 } });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nabc`,
    );
    socket.resume();
    await once(socket, 'close');
  });

  it('end when the receiver closes, which may be said twice', async () => {
    const { receiver, url } = await start();
    await post(`${url}/v1/traces`, encodeSpans(givenSpan()));
    await Promise.all([receiver.close(), receiver.close()]);
    await expect(post(`${url}/v1/traces`, encodeSpans(givenSpan()))).rejects.toThrow();
  });
});

describe('without a token', () => {
  it('nothing is opened to other machines', () => {
    const open = () =>
      createOtlpReceiver({
        host: '0.0.0.0',
        httpPort: 0,
        grpcPort: null,
        token: null,
        sink: { accept: async () => TAKEN },
        telemetry,
      });
    expect(open).toThrow(OpenDoorError);
  });

  it('this machine may send, but no web page: foreign hosts and origins are refused', async () => {
    const { url } = await start({ token: null });
    const spans = encodeSpans(givenSpan());
    expect((await post(`${url}/v1/traces`, spans, { authorization: '' })).status).toBe(200);
    expect((await post(`${url}/v1/traces`, spans, { origin: 'http://evil.example' })).status).toBe(403);
    expect(await statusWithHost(url, 'evil.example')).toBe(403);
    expect(await statusWithHost(url, 'localhost:4318')).toBe(200);
  });
});

const TAKEN: SinkAnswer = { status: 'taken', refused: [] };

async function start({
  answer = TAKEN,
  accept,
  limits = {},
  token = TOKEN,
}: {
  answer?: SinkAnswer;
  accept?: () => Promise<SinkAnswer>;
  limits?: Partial<ReceiverLimits>;
  token?: string | null;
} = {}): Promise<{ url: string; taken: SignalBatch[]; receiver: OtlpReceiver }> {
  const taken: SignalBatch[] = [];
  const sink = {
    accept:
      accept ??
      (async (batch: SignalBatch) => {
        taken.push(batch);
        return answer;
      }),
  };
  const receiver = createOtlpReceiver({
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: null,
    token,
    sink,
    telemetry,
    limits,
  });
  const { httpUrl } = await receiver.start();
  const url = String(httpUrl);
  closers.push(() => receiver.close());
  return { url, taken, receiver };
}

function post(
  url: string,
  body: Uint8Array | ReadableStream,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Response> {
  return fetch(url, {
    method,
    body,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-protobuf', ...headers },
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);
}

async function statusWithHost(url: string, host: string): Promise<number> {
  const request = httpRequest(`${url}/v1/traces`, {
    method: 'POST',
    headers: { host, 'content-type': 'application/x-protobuf' },
  });
  request.end(encodeSpans(givenSpan()));
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}

/** The message of a `google.rpc.Status`. */
async function messageOf(answer: Response): Promise<string> {
  const reader = new BinaryReader(await answer.bytes());
  for (;;) {
    const [field, wireType] = reader.tag();
    if (field === 2) return reader.string();
    reader.skip(wireType);
  }
}
