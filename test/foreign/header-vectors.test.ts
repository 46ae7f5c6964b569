import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildNotificationMessage, readNotification, readTextHeader, readTraceContext } from '@tracepost/messaging';
import { describe, expect, it } from 'vitest';
import { bytesOf, HEADER_VECTORS, OUR_HEADERS, PUBLISHED_AT_MS, TRACEPARENT } from './header-vectors.ts';

/** amqplib's own, which has no door: what comes from the wire has passed it before we see it. */
interface Codec {
  encodeTable(buffer: Buffer, table: object, offset: number): number;
  decodeFields(fields: Buffer): Record<string, unknown>;
}
const require = createRequire(import.meta.url);
const codec = require(join(dirname(require.resolve('amqplib')), 'lib', 'codec.js')) as Codec;

const [, TRACE_ID, SPAN_ID] = TRACEPARENT.split('-');

describe('headers from the wire, as they are put there by', () => {
  it.each(HEADER_VECTORS)('$client', ({ bytes, traceparent, tracestate, tenantId, attempt, publishedAtMs }) => {
    const table = bytesOf(bytes);
    expect(table.readUInt32BE(0), 'the length that the table says').toBe(table.length - 4);
    const headers = codec.decodeFields(table.subarray(4));

    const parent = readTraceContext(headers);
    const expected = traceparent === undefined ? null : { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
    if (expected === null) expect(parent).toBeNull();
    else expect(parent).toMatchObject(expected);
    expect(parent?.traceState?.serialize()).toBe(tracestate);
    expect(readTextHeader(headers, 'x-tenant-id')).toBe(tenantId);

    const body = Buffer.from(JSON.stringify({ id: 't-1', type: 'weather.forecast', data: {} }));
    const now = PUBLISHED_AT_MS + 5_000;
    expect(readNotification({ exchange: 'agents', routingKey: 'agent.weather', headers, body }, now)).toMatchObject({
      status: 'read',
      notification: {
        taskId: 't-1',
        tenantId: tenantId ?? 'default',
        attempt: attempt ?? 1,
        acceptedAtMs: publishedAtMs ?? now,
      },
    });
  });
});

describe('our headers on the wire', () => {
  it('are texts and numbers that every client reads, byte by byte', () => {
    const { headers } = buildNotificationMessage(
      {
        agentId: 'weather',
        taskId: 't-1',
        notificationType: 'weather.forecast',
        data: {},
        source: 'test',
        correlationId: 'c',
        sessionId: null,
        tenantId: 'default',
        priority: 'normal',
        timeoutMs: null,
        budget: null,
        parentTaskId: null,
        depth: 0,
      },
      { now: PUBLISHED_AT_MS, traceHeaders: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } },
    );
    expect(encode(headers).toString('hex')).toBe(bytesOf(OUR_HEADERS).toString('hex'));
  });
});

function encode(headers: object): Buffer {
  const buffer = Buffer.alloc(64 * 1024);
  return buffer.subarray(0, codec.encodeTable(buffer, headers, 0));
}
