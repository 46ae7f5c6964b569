import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { openSqliteSessionStore } from '@tracepost/store-sql';
import type { KeptSession } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OneProcess, startAsProcess } from './start-as-process.ts';

let one: OneProcess;

beforeAll(async () => {
  one = await startAsProcess({ TRACEPOST_OTLP_GRPC_PORT: '0', TRACEPOST_AGENTS: 'weather' });
}, 60_000);

afterAll(() => one.stop());

describe("another program's telemetry", () => {
  it('comes in by JSON over HTTP and is read back as it was sent', async () => {
    const { traceId, resource, span } = given();
    const answers = await Promise.all([
      post('/v1/traces', { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'till' }, spans: [span] }] }] }),
      post('/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [logOf(traceId)] }] }] }),
      post('/v1/metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [GAUGE] }] }] }),
    ]);
    expect(answers).toEqual(Array(3).fill({ status: 200, body: {} }));

    const trace = (await (await fetch(`${one.url}/api/v1/traces/${traceId}`)).json()) as { spans: object[] };
    expect(trace.spans).toMatchObject([
      { spanId: span.spanId, name: 'sell', service: 'till', kind: 'server', attributes: { 'till.number': 7 } },
    ]);
    const logs = (await (await fetch(`${one.url}/api/v1/logs?traceId=${traceId}`)).json()) as { items: object[] };
    expect(logs.items).toMatchObject([{ service: 'till', level: 'warn', message: 'no change left' }]);
  });

  it('comes in by gRPC too', async () => {
    const { traceId, bytes } = givenProtobuf();
    const session = connect(one.otlp.grpc);
    const call = session.request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const [trailers] = await Promise.all([
      once(call, 'trailers').then(([headers]) => headers),
      once(call.resume(), 'end'),
      call.end(Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes])),
    ]);
    session.close();
    expect(trailers['grpc-status']).toBe('0');
    const trace = (await (await fetch(`${one.url}/api/v1/traces/${traceId}`)).json()) as { spans: object[] };
    expect(trace.spans).toMatchObject([{ service: 'unknown_service', name: 'go' }]);
  });

  it('tells of the session of an agent, which is kept with those that were imported', async () => {
    const { resource, span } = given();
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.provider.name': 'openai',
      'session.id': 'at-the-till',
    };
    const counts = { 'gen_ai.usage.input_tokens': 1_000, 'gen_ai.usage.output_tokens': 100 };
    const called = {
      ...span,
      attributes: [
        ...Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
        ...Object.entries(counts).map(([key, intValue]) => ({ key, value: { intValue } })),
      ],
    };
    await post('/v1/traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [called] }] }] });
    const kept = await sessionOf('at-the-till');
    expect(kept).toMatchObject({
      document: { format: 'otel', agentId: 'till', calls: [{ model: 'gpt-4o' }] },
      analysis: { totals: { modelCalls: 1, usageSource: 'reported', costUsd: 0.0035 } },
    });
  });

  it('is refused when a web page sends it', async () => {
    const sent = await fetch(`${one.otlp.http}/v1/traces`, {
      method: 'POST',
      headers: { origin: 'http://evil.example', 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(sent.status).toBe(403);
  });
});

async function sessionOf(sessionId: string): Promise<KeptSession> {
  const telemetry = createTelemetry({ serviceName: 'test' });
  const store = await openSqliteSessionStore({ path: join(one.dataFolder, 'sessions.db'), telemetry });
  try {
    return await until(() => store.read('default', sessionId), { what: `the session ${sessionId}`, timeoutMs: 30_000 });
  } finally {
    await store.close();
  }
}

function given() {
  const traceId = randomBytes(16).toString('hex');
  const at = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId,
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'till' } }] },
    span: {
      traceId: traceId.toUpperCase(),
      spanId: randomBytes(8).toString('hex'),
      name: 'sell',
      kind: 2,
      startTimeUnixNano: String(at),
      endTimeUnixNano: String(at + 1_000_000n),
      attributes: [{ key: 'till.number', value: { intValue: '7' } }],
    },
  };
}

function logOf(traceId: string) {
  const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n);
  return { timeUnixNano, severityNumber: 13, severityText: 'WARN', body: { stringValue: 'no change left' }, traceId };
}

const GAUGE = {
  name: 'till.coins',
  gauge: { dataPoints: [{ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), asInt: '12' }] },
};

/** A span with nothing but what it needs: ids, name and times, written field by field. */
function givenProtobuf() {
  const traceId = randomBytes(16);
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(BigInt(Date.now()) * 1_000_000n);
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const fixed = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([(number << 3) | 1]), bytes]);
  const span = [
    field(1, traceId),
    field(2, randomBytes(8)),
    field(5, Buffer.from('go')),
    fixed(7, time),
    fixed(8, time),
  ];
  return { traceId: traceId.toString('hex'), bytes: field(1, field(2, field(2, Buffer.concat(span)))) };
}

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(one.otlp.http + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}
