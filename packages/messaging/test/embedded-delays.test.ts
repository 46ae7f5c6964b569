import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '@tracepost/sqlite';
import { until } from '@tracepost/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Broker, Topology } from '../src/broker.ts';
import { SCHEMA } from '../src/embedded/schema.ts';
import { openParts } from './embedded-harness.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracepost-delays-'));
  path = join(folder, 'queue.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NEXT = { kind: 'durable', name: 'next' } as const;
const waiting = (messageTtlMs: number): Topology => ({
  queues: [NEXT, { kind: 'durable', name: 'delay', deadLetterQueue: 'next', messageTtlMs }],
});
const HOUR_MS = 3_600_000;

test('a clock that was set back over a stop holds nothing up for longer than its own time', async () => {
  {
    await using before = await openParts(path);
    await before.broker.declare(waiting(500));
    await publish(before.broker, ['late']);
    await before.database.write([{ sql: 'UPDATE entry SET due_at = due_at + ?', batch: [[HOUR_MS]] }]);
  }
  await using after = await openParts(path);
  expect(await after.broker.inspect('delay')).toMatchObject({ ready: 1 });
  expect(await drain(after.broker, 1)).toEqual(['late']);
});

test('what became due while nobody ran comes at once, in order, however much it is', async () => {
  const texts = Array.from({ length: 1_000 }, (_, index) => String(index));
  {
    await using before = await openParts(path);
    await before.broker.declare(waiting(HOUR_MS));
    await publish(before.broker, texts);
    await before.database.write([{ sql: 'UPDATE entry SET due_at = 1' }]);
  }
  await using after = await openParts(path);
  expect(await drain(after.broker, texts.length)).toEqual(texts);
});

test('a message that is due while its next queue is missing goes there when it is declared', async () => {
  await using parts = await openParts(path);
  await parts.broker.declare({ queues: waiting(50).queues?.slice(1) ?? [] });
  await publish(parts.broker, ['patient']);
  await until(async () => (await parts.broker.inspect('delay'))?.ready === 0);
  await parts.broker.declare({ queues: [NEXT] });
  expect(await drain(parts.broker, 1)).toEqual(['patient']);
});

test('a file from before there were delays is opened with all that is in it', async () => {
  const old = await openSqlite({ path, synchronous: 'FULL', schema: SCHEMA.slice(0, 1), exclusive: true });
  await old.write([
    { sql: 'INSERT INTO queue (id, name, arguments) VALUES (1, ?, ?)', batch: [['next', JSON.stringify(NEXT)]] },
    {
      sql: 'INSERT INTO content (id, properties, body) VALUES (1, ?, ?)',
      batch: [[JSON.stringify({ exchange: '', routingKey: 'next', headers: {} }), Buffer.from('old')]],
    },
    { sql: 'INSERT INTO entry (id, queue, content, bytes, priority, failures, state) VALUES (1, 1, 1, 3, 4, 0, 0)' },
  ]);
  await old.close();
  await using parts = await openParts(path);
  expect(await drain(parts.broker, 1)).toEqual(['old']);
});

async function publish(broker: Broker, texts: readonly string[]): Promise<void> {
  const outcomes = await Promise.all(
    texts.map((text) =>
      broker.publish({ exchange: '', routingKey: 'delay', mandatory: true, headers: {}, body: Buffer.from(text) }),
    ),
  );
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['confirmed']));
}

async function drain(broker: Broker, count: number): Promise<string[]> {
  const taken: string[] = [];
  await broker.consume({
    queue: 'next',
    prefetch: 100,
    onDelivery(delivery) {
      taken.push(delivery.message.body.toString());
      delivery.ack();
    },
  });
  await until(() => taken.length >= count, { timeoutMs: 10_000, what: `${count} messages` });
  return taken;
}
