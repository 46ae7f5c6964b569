import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from './broker.ts';
import { readNotification } from './incoming-notification.ts';
import { buildNotificationMessage, type OutgoingNotification } from './outgoing-notification.ts';

const now = Date.parse('2026-11-21T09:00:00.250Z');
const outgoing: OutgoingNotification = {
  agentId: 'weather',
  taskId: '01990000-0000-7000-8000-000000000001',
  notificationType: 'weather.forecast',
  data: { location: 'Lisbon' },
  source: 'curl',
  correlationId: 'c-1',
  sessionId: 's-1',
  tenantId: 'default',
  priority: 'normal',
  timeoutMs: 30_000,
  budget: null,
  parentTaskId: null,
  depth: 0,
};

describe('a notification in a message', () => {
  it('has the body and properties that api.md promises', () => {
    const message = buildNotificationMessage(outgoing, { now, traceHeaders: { traceparent: 't' } });
    expect(JSON.parse(message.body.toString())).toEqual({
      specversion: '1.0',
      id: outgoing.taskId,
      source: 'curl',
      type: 'weather.forecast',
      time: '2026-11-21T09:00:00.250Z',
      subject: 'weather',
      datacontenttype: 'application/json',
      data: { location: 'Lisbon' },
      correlationid: 'c-1',
      sessionid: 's-1',
      parenttaskid: null,
      depth: 0,
      timeoutms: 30_000,
    });
    expect(message).toMatchObject({
      exchange: 'agents',
      routingKey: 'agent.weather',
      mandatory: true,
      messageId: outgoing.taskId,
      type: 'weather.forecast',
      appId: 'curl',
      correlationId: 'c-1',
      timestamp: 1_795_251_600,
      priority: 4,
      contentType: 'application/json',
      headers: { traceparent: 't', 'x-tenant-id': 'default', 'x-envelope-version': 1, 'x-published-at-ms': now },
    });
  });

  it('arrives as it was sent', () => {
    const message = buildNotificationMessage(outgoing, { now, traceHeaders: {} });
    const { agentId: _agentId, ...rest } = outgoing;
    expect(readNotification(message, now + 40)).toEqual({
      status: 'read',
      notification: { ...rest, retryOf: null, acceptedAtMs: now, attempt: 1 },
    });
  });

  it('needs no more than id, type and data, which may stand in the properties', () => {
    expect(readNotification(foreign({ id: 'x', type: 't', data: null }), now)).toMatchObject({
      status: 'read',
      notification: {
        taskId: 'x',
        notificationType: 't',
        data: null,
        source: null,
        tenantId: 'default',
        priority: 'normal',
      },
    });
    const message = {
      ...foreign({ data: [] }),
      messageId: 'job 7'.replace(' ', '-'),
      type: 'images.resize',
      priority: 9,
    };
    expect(readNotification(message, now)).toMatchObject({
      status: 'read',
      notification: { taskId: 'job-7', notificationType: 'images.resize', priority: 'high' },
    });
  });

  it.each<[string, Partial<IncomingMessage>, string]>([
    ['no JSON', { body: Buffer.from('{"id":') }, 'not_json'],
    ['a JSON array', { body: Buffer.from('[]') }, 'not_json'],
    ['nothing', { body: Buffer.alloc(0) }, 'not_json'],
    ['an unknown version', { headers: { 'x-envelope-version': 2 } }, 'unknown_version'],
    ['a table as its version', { headers: { 'x-envelope-version': ODD_TABLE } }, 'unknown_version'],
    ['no id', { body: json({ type: 't', data: 1 }) }, 'invalid_envelope'],
    ['an id with a line break', { body: json({ id: 'a\nb', type: 't', data: 1 }) }, 'invalid_envelope'],
    ['no type', { body: json({ id: 'x', data: 1 }) }, 'invalid_envelope'],
    ['a type of capitals', { body: json({ id: 'x', type: 'T', data: 1 }) }, 'invalid_envelope'],
    ['no data', { body: json({ id: 'x', type: 't' }) }, 'invalid_envelope'],
    ['headers without end', { headers: { a: 'x'.repeat(40_000), b: Buffer.alloc(40_000) } }, 'too_large'],
    ['packed', { body: Buffer.from([0x1f, 0x8b, 8]), contentEncoding: 'gzip' }, 'not_json'],
    ['sixteen megabytes', { body: Buffer.alloc(16 * 1024 * 1024, 0x20) }, 'too_large'],
  ])('is broken, with its reason, when it is %s', (_what, part, reason) => {
    expect(readNotification({ ...foreign({ id: 'x', type: 't', data: 1 }), ...part }, now)).toMatchObject({
      status: 'broken',
      reason,
    });
  });

  it('leaves out numbers that are tables', () => {
    const headers = { 'x-published-at-ms': ODD_TABLE, 'x-attempt': [ODD_TABLE] };
    expect(readNotification({ ...foreign({ id: 'x', type: 't', data: 1 }), headers }, now)).toMatchObject({
      notification: { acceptedAtMs: now, attempt: 1 },
    });
  });

  it('knows the task that it repeats', () => {
    const message = buildNotificationMessage({ ...outgoing, retryOf: 'first' }, { now, traceHeaders: {} });
    expect(readNotification(message, now)).toMatchObject({ notification: { retryOf: 'first' } });
  });

  it.each([
    [3, 3],
    ['3', 3],
    [Buffer.from('3'), 3],
    [0, 1],
    [-1, 1],
    [1.5, 1],
    [1_000_001, 1],
    ['many', 1],
  ])('is an attempt that can be: %j is %i', (header, attempt) => {
    const message = { ...foreign({ id: 'x', type: 't', data: 1 }), headers: { 'x-attempt': header } };
    expect(readNotification(message, now)).toMatchObject({ notification: { attempt } });
  });

  it('never waits less than nothing, whatever clock the sender had', () => {
    const headers = { 'x-published-at-ms': now + 3_600_000 };
    expect(readNotification({ ...foreign({ id: 'x', type: 't', data: 1 }), headers }, now)).toMatchObject({
      notification: { acceptedAtMs: now },
    });
  });

  it('is read or broken, never thrown, for any bytes and any JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        fc.dictionary(fc.string(), fc.anything()),
        (body, headers) => {
          expect(['read', 'broken']).toContain(
            readNotification({ ...foreign({}), body: Buffer.from(body), headers }, now).status,
          );
        },
      ),
    );
  });
});

/** A field table that cannot become a number or a text. */
const ODD_TABLE = { toString: 1, valueOf: 2 };

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function foreign(envelope: unknown): IncomingMessage {
  return { exchange: 'agents', routingKey: 'agent.weather', body: json(envelope), headers: {} };
}
