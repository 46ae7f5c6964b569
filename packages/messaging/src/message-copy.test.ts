import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from './broker.ts';
import { copyMessage } from './message-copy.ts';

const message: IncomingMessage = {
  exchange: 'agents',
  routingKey: 'agent.weather',
  body: Buffer.from('{}'),
  headers: { traceparent: '00-…', tenant: 'acme' },
  messageId: 'task-1',
  type: 'weather.forecast',
  appId: 'curl',
  correlationId: 'c-1',
  timestamp: 1_795_250_000,
  priority: 8,
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  replyTo: 'answers',
};

describe('the copy of a message', () => {
  it('goes to one queue, and everything that says what the message is travels on', () => {
    expect(copyMessage(message, 'agent.weather.dead', { 'x-dead-reason': 'why' })).toEqual({
      ...message,
      exchange: '',
      routingKey: 'agent.weather.dead',
      mandatory: true,
      headers: { traceparent: '00-…', tenant: 'acme', 'x-dead-reason': 'why' },
    });
  });

  it('leaves behind what would have the broker treat it in another way', () => {
    const headers = {
      CC: ['other'],
      BCC: ['hidden'],
      'x-death': [{ queue: 'q', count: 3 }],
      'x-delivery-count': 99,
      'x-first-death-queue': 'q',
      'x-last-death-reason': 'expired',
      kept: 1,
    };
    const copy = copyMessage({ ...message, headers, replyTo: 'amq.rabbitmq.reply-to' }, 'q', {});
    expect(copy.headers).toEqual({ kept: 1 });
    expect(copy).not.toHaveProperty('replyTo');
    // The port has no such property: a message that carries one loses it here.
    expect(copy).not.toHaveProperty('expiration');
  });

  it('has each of our headers once, as it is said last', () => {
    const headers = { 'X-Attempt': 1, 'x-attempt': '1', Traceparent: 'theirs', 'x-copy': Buffer.from('b') };
    expect(copyMessage({ ...message, headers }, 'q', { 'x-attempt': 2 }).headers).toEqual({
      'x-attempt': 2,
      Traceparent: 'theirs',
      'x-copy': 'b',
    });
  });

  it('writes what is no plain value as text, and leaves out what is none', () => {
    const deep = {};
    let inner: Record<string, unknown> = deep;
    for (let depth = 0; depth < 100_000; depth += 1) {
      inner.in = {};
      inner = inner.in as Record<string, unknown>;
    }
    const headers = { list: [1, 'a'], table: { a: true }, bytes: Buffer.from('é'), nothing: null, deep };
    expect(copyMessage({ ...message, headers }, 'q', {}).headers).toEqual({
      list: '[1,"a"]',
      table: '{"a":true}',
      bytes: 'é',
    });
  });

  it('has at most fifty foreign headers of at most two thousand characters, beside all of ours', () => {
    const foreign = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`h${index}`, 'short']));
    const headers = { ...foreign, h0: 'x'.repeat(3_000), traceparent: 'ours', 'x-tenant-id': 'acme' };
    const copy = copyMessage({ ...message, headers }, 'q', { 'x-attempt': 2 }).headers;
    expect(Object.keys(copy)).toHaveLength(53);
    expect(copy).toMatchObject({ traceparent: 'ours', 'x-tenant-id': 'acme', h0: 'x'.repeat(2_000) });
  });

  it('fits into a message, however much was sent', () => {
    const headers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`h${index}`, '世'.repeat(10_000)]));
    const copy = copyMessage({ ...message, headers: { ...headers, baggage: 'b'.repeat(100_000) } }, 'q', {
      'x-attempts': '界'.repeat(8_000),
    }).headers;
    const bytes = Object.entries(copy).reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);
    expect(bytes).toBeLessThan(60 * 1024);
    expect(copy).not.toHaveProperty('baggage');
    expect(copy['x-attempts']).toHaveLength(8_000);
  });
});
