import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import {
  encodeLogs,
  encodeMetrics,
  encodeSpans,
  givenLog,
  givenMetric,
  givenSpan,
  SPAN_ID,
  TRACE_ID,
} from './given.ts';
import { type Answer, callExport, METHODS } from './grpc-client.ts';
import { frame, openSession, rawCall } from './raw-call.ts';
import { startReceiver, TOKEN } from './receiver.ts';

const spans = encodeSpans(givenSpan(), givenSpan());

describe('a call that is right', () => {
  it.each([
    ['spans', spans, 2],
    ['logs', encodeLogs(givenLog()), 1],
    ['metrics', encodeMetrics(givenMetric()), 1],
  ] as const)(
    'with %s reaches the sink, plain and gzip, and is answered with an empty message',
    async (signal, bytes, count) => {
      const { grpcAddress, taken } = await startReceiver();
      for (const isGzip of [false, true])
        expect(await callExport(grpcAddress, bytes, { method: METHODS[signal], isGzip })).toEqual({
          code: 0,
          body: Buffer.alloc(0),
        });
      expect(taken.map((batch) => batch[signal].length)).toEqual([count, count]);
    },
  );

  it("may come from OpenTelemetry's own exporter", async () => {
    const { grpcAddress, taken } = await startReceiver({ token: null });
    const exporter = new OTLPTraceExporter({ url: `http://${grpcAddress}`, compression: 'gzip' as never });
    const result = await new Promise<{ code: number }>((resolve) => exporter.export([givenSpan()] as never, resolve));
    await exporter.shutdown();
    expect(result.code).toBe(0);
    expect(taken[0]?.spans).toMatchObject([{ traceId: TRACE_ID, spanId: SPAN_ID, origin: { service: 'shop' } }]);
  });

  it('may be empty', async () => {
    const { grpcAddress } = await startReceiver();
    expect((await callExport(grpcAddress, Buffer.alloc(0))).code).toBe(0);
  });

  it('may be as long as 20 MiB, and be one of many on its connection', async () => {
    const { grpcAddress, taken } = await startReceiver();
    const long = encodeSpans(
      ...Array.from({ length: 3_000 }, () => givenSpan({ attributes: { text: 'x'.repeat(4_000) } })),
    );
    expect(long.length).toBeGreaterThan(12_000_000);
    const session = await openSession(grpcAddress);
    const answers = await Promise.all([rawCall(session, frame(long)), rawCall(session, frame(spans))]);
    expect(answers.map((answer) => answer['grpc-status'])).toEqual(['0', '0']);
    // The long one is handed on in parts.
    expect(taken.reduce((sum, batch) => sum + batch.spans.length, 0)).toBe(3_002);
    expect(taken.length).toBeGreaterThan(2);
  });
});

describe('what was not taken', () => {
  it('is told exactly in a partial success that other implementations can read', async () => {
    const refused = [
      { signal: 'spans', reason: 'invalid_trace_id', count: 2 },
      { signal: 'spans', reason: 'invalid_time', count: 300 },
    ] as const;
    const { grpcAddress } = await startReceiver({ answer: { status: 'taken', refused } });
    const answer = await callExport(grpcAddress, spans);
    expect(ProtobufTraceSerializer.deserializeResponse(answer.body ?? Buffer.alloc(0))).toEqual({
      partialSuccess: { rejectedSpans: 302, errorMessage: 'invalid_trace_id: 2, invalid_time: 300' },
    });
  });

  it('because the sink cannot now is UNAVAILABLE with a time to come again', async () => {
    const { grpcAddress } = await startReceiver({
      answer: { status: 'later', reason: 'store_failed', retryAfterMs: 2_500 },
    });
    const answer = await callExport(grpcAddress, spans);
    expect(answer).toMatchObject({ code: status.UNAVAILABLE, details: 'store_failed' });
    expect(detailsOf(answer)).toEqual({ code: 14, message: 'store_failed', retryAfterMs: 2_500 });
  });

  it('because the sink throws is UNAVAILABLE too, and says nothing of the inside', async () => {
    const accept = (): never => {
      throw new Error('secret path /var/x');
    };
    const answer = await callExport((await startReceiver({ accept })).grpcAddress, spans);
    expect(answer.code).toBe(status.UNAVAILABLE);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('a call is refused', () => {
  it.each<[string, number, Parameters<typeof callExport>[2]]>([
    ['without a token', status.UNAUTHENTICATED, { metadata: {} }],
    ['with another token', status.UNAUTHENTICATED, { metadata: { authorization: `Bearer ${TOKEN}x` } }],
    ['without a token, whatever the method', status.UNAUTHENTICATED, { metadata: {}, method: '/nothing/here' }],
    [
      'of another method',
      status.UNIMPLEMENTED,
      { method: '/opentelemetry.proto.collector.trace.v1.TraceService/Import' },
    ],
    ['of a name of every object', status.UNIMPLEMENTED, { method: '/constructor' }],
  ])('%s', async (_, code, call) => {
    const { grpcAddress, taken } = await startReceiver();
    const answer = await callExport(grpcAddress, spans, call);
    expect(answer.code).toBe(code);
    expect(detailsOf(answer)).not.toHaveProperty('retryAfterMs');
    expect(taken).toEqual([]);
  });

  it.each<[string, number, Buffer, Record<string, string>]>([
    ['that is no OTLP', status.INVALID_ARGUMENT, frame(Buffer.from('{"resourceSpans":[]}')), {}],
    ['with OTLP of another signal', status.INVALID_ARGUMENT, frame(encodeLogs(givenLog())), {}],
    ['without a message', status.INVALID_ARGUMENT, Buffer.alloc(0), {}],
    ['that ends in its message', status.INVALID_ARGUMENT, frame(spans).subarray(0, -1), {}],
    ['with two messages', status.INVALID_ARGUMENT, Buffer.concat([frame(spans), frame(spans)]), {}],
    ['with an unknown flag', status.INVALID_ARGUMENT, frame(spans, 2), {}],
    ['compressed without saying how', status.INVALID_ARGUMENT, frame(gzipSync(spans), 1), {}],
    ['in gzip that is none', status.INVALID_ARGUMENT, frame(spans, 1), { 'grpc-encoding': 'gzip' }],
    [
      'in gzip that is cut off',
      status.INVALID_ARGUMENT,
      frame(gzipSync(spans).subarray(0, -9), 1),
      { 'grpc-encoding': 'gzip' },
    ],
    ['in gzip twice', status.INVALID_ARGUMENT, frame(gzipSync(gzipSync(spans)), 1), { 'grpc-encoding': 'gzip' }],
    [
      'in joined gzip',
      status.INVALID_ARGUMENT,
      frame(Buffer.concat([gzipSync(spans), gzipSync(spans)]), 1),
      { 'grpc-encoding': 'gzip' },
    ],
    [
      'in gzip with a wrong checksum',
      status.INVALID_ARGUMENT,
      frame(wrongSum(gzipSync(spans)), 1),
      { 'grpc-encoding': 'gzip' },
    ],
    ['in deflate', status.UNIMPLEMENTED, frame(spans, 1), { 'grpc-encoding': 'deflate' }],
    ['in brotli', status.UNIMPLEMENTED, frame(spans, 1), { 'grpc-encoding': 'br' }],
  ])('%s', async (_, code, body, headers) => {
    const { grpcAddress, taken } = await startReceiver();
    const answer = await rawCall(await openSession(grpcAddress), body, headers);
    expect(answer['grpc-status']).toBe(String(code));
    expect(answer['grpc-accept-encoding']).toContain('gzip');
    expect(taken).toEqual([]);
  });

  it('in words of HTTP when it is no gRPC', async () => {
    const session = await openSession((await startReceiver()).grpcAddress);
    expect((await rawCall(session, frame(spans), { 'content-type': 'application/json' }))[':status']).toBe(415);
    expect((await rawCall(session, Buffer.alloc(0), { ':method': 'GET' }))[':status']).toBe(405);
  });

  it('without a token also under a foreign name, or from a web page', async () => {
    const session = await openSession((await startReceiver({ token: null })).grpcAddress);
    const statusWith = async (headers: Record<string, string>) =>
      (await rawCall(session, frame(spans), headers))['grpc-status'];
    expect(await statusWith({ ':authority': 'evil.example' })).toBe('7');
    expect(await statusWith({ origin: 'http://evil.example' })).toBe('7');
    expect(await statusWith({ ':authority': 'localhost:4317' })).toBe('0');
  });
});

describe('large calls', () => {
  const limits = { maxRequestBytes: 100_000 };

  it('are RESOURCE_EXHAUSTED for good by their announced length, before the message is read', async () => {
    const { grpcAddress } = await startReceiver({ limits });
    const answer = await callExport(grpcAddress, Buffer.alloc(5_000_000));
    expect(answer.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(detailsOf(answer)).not.toHaveProperty('retryAfterMs');
  });

  it('are so too when a small one inflates to a large one', async () => {
    const { grpcAddress } = await startReceiver({ limits });
    const answer = await callExport(grpcAddress, Buffer.alloc(50_000_000), { isGzip: true });
    expect(answer.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('share one budget with HTTP: past it others are told to come again, and get in afterwards', async () => {
    const { httpUrl, grpcAddress } = await startReceiver({ limits: { ...limits, maxBytesUnderWay: 60_000 } });
    const session = await openSession(grpcAddress);
    const first = session.request({
      ':method': 'POST',
      ':path': METHODS.spans,
      'content-type': 'application/grpc',
      authorization: `Bearer ${TOKEN}`,
    });
    first.on('error', () => {});
    first.write(frame(Buffer.alloc(50_000)).subarray(0, 45_000));
    const many = encodeSpans(...Array.from({ length: 200 }, () => givenSpan()));
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-protobuf' };
    const post = async () => (await fetch(`${httpUrl}/v1/traces`, { method: 'POST', headers, body: many })).status;

    await expect.poll(post).toBe(429);
    const refused = await callExport(grpcAddress, many);
    expect(refused.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(detailsOf(refused)).toMatchObject({ retryAfterMs: 1_000 });

    first.close();
    await expect.poll(post).toBe(200);
    expect((await callExport(grpcAddress, many)).code).toBe(0);
  });
});

describe('connections', () => {
  it('that send slowly lose their call', async () => {
    const session = await openSession((await startReceiver({ limits: { requestTimeoutMs: 200 } })).grpcAddress);
    const call = session.request({
      ':method': 'POST',
      ':path': METHODS.spans,
      'content-type': 'application/grpc',
      authorization: `Bearer ${TOKEN}`,
    });
    call.on('error', () => {});
    call.write(frame(spans).subarray(0, 20));
    call.resume();
    await once(call, 'close');
  });

  it('that never speak HTTP/2 are closed, and so are those that speak something else', async () => {
    const { grpcAddress } = await startReceiver({ limits: { requestTimeoutMs: 200 } });
    for (const words of ['', 'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n']) {
      const socket = connect(Number(grpcAddress.split(':')[1]), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(words);
      socket.resume();
      await once(socket, 'close');
    }
  });

  it('end when the receiver closes, after the call that is under way', async () => {
    let finish = (): void => {};
    const { receiver, grpcAddress } = await startReceiver({
      accept: () =>
        new Promise((resolve) => {
          finish = () => resolve({ status: 'taken', refused: [] });
        }),
    });
    const session = await openSession(grpcAddress);
    const answer = rawCall(session, frame(spans));
    await expect.poll(() => finish.length === 0 && String(finish).includes('resolve')).toBe(true);
    const closing = receiver.close();
    finish();
    expect((await answer)['grpc-status']).toBe('0');
    await Promise.all([closing, receiver.close()]);
    await expect(openSession(grpcAddress)).rejects.toThrow();
  });
});

function wrongSum(packed: Buffer): Buffer {
  return Buffer.concat([packed.subarray(0, -8), Buffer.alloc(4), packed.subarray(-4)]);
}

/** The `google.rpc.Status` in the trailers, which a sender reads to know whether to come again. */
function detailsOf(answer: Answer) {
  const [bytes] = answer.code === 0 ? [] : answer.metadata.get('grpc-status-details-bin');
  const details: { code?: number; message?: string; retryAfterMs?: number } = {};
  fields(Buffer.from(bytes ?? ''), (field, reader) => {
    if (field === 1) details.code = reader.int32();
    else if (field === 2) details.message = reader.string();
    else
      fields(reader.bytes(), (ofAny, any) => {
        if (ofAny === 1) expect(any.string()).toBe('type.googleapis.com/google.rpc.RetryInfo');
        else
          fields(any.bytes(), (_, info) =>
            fields(info.bytes(), (ofDuration, duration) => {
              const part = Number(duration.int64());
              details.retryAfterMs = (details.retryAfterMs ?? 0) + (ofDuration === 1 ? part * 1_000 : part / 1_000_000);
            }),
          );
      });
  });
  return details;
}

function fields(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) read(reader.tag()[0], reader);
}
