import { AsyncLocalStorage } from 'node:async_hooks';
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CannotOpenError, type Sqlite } from '@tracepost/sqlite';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Broker, Delivery, PublishOutcome } from '../src/broker.ts';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
import { openParts } from './embedded-harness.ts';
import { JOBS, publish, textOf } from './jobs.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracepost-faults-'));
  path = join(folder, 'queue.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const telemetry = createTelemetry({ serviceName: 'test' });
const open = (): Promise<Broker> => openEmbeddedBroker({ path, telemetry });

async function take(broker: Broker, count: number, queue = 'jobs'): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const onDelivery = (delivery: Delivery): void => {
    taken.push(delivery);
    delivery.ack();
  };
  const consumption = await broker.consume({ queue, prefetch: 10, onDelivery });
  await until(() => taken.length >= count, { timeoutMs: 5_000, what: `${count} messages` });
  await consumption.close();
  return taken;
}

/** Outside of a transaction, where alone the connection takes it. */
async function refuseWrites(database: Sqlite, isRefused: boolean): Promise<void> {
  const session = await database.acquire();
  await session.execute(`PRAGMA query_only = ${isRefused ? 'ON' : 'OFF'}`);
  await session.release();
}

describe('opening', () => {
  test('a second broker on the same file is refused, and the first goes on', async () => {
    await using broker = await open();
    await broker.declare(JOBS);
    await expect(open()).rejects.toThrow(`The database ${path} cannot be opened: somebody else has it open.`);
    expect(await publish(broker, 'still here')).toEqual({ status: 'confirmed' });
  });

  test('a folder that cannot be written is named in one sentence', async () => {
    writeFileSync(join(folder, 'file'), '');
    path = join(folder, 'file', 'queue.db');
    const refused = open();
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toThrow(`The database ${path} cannot be opened`);
  });

  test('a log with a torn end gives everything before the tear, and takes new messages', async () => {
    const copy = join(folder, 'copy.db');
    await using broker = await open();
    await broker.declare(JOBS);
    await publish(broker, 'whole');
    const whole = statSync(`${path}-wal`).size;
    await publish(broker, 'torn');
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    truncateSync(`${copy}-wal`, whole + Math.floor((statSync(`${copy}-wal`).size - whole) / 2));

    await using reopened = await openEmbeddedBroker({ path: copy, telemetry });
    expect(await reopened.inspect('jobs')).toMatchObject({ ready: 1, consumers: 0 });
    expect(await publish(reopened, 'new')).toEqual({ status: 'confirmed' });
    expect((await take(reopened, 2)).map(textOf)).toEqual(['whole', 'new']);
  });

  test('a hundred thousand waiting messages are there in two seconds', async () => {
    const { broker, database } = await openParts(path);
    await broker.declare(JOBS);
    await database.write([
      {
        sql: `INSERT INTO content (id, properties, body)
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
          SELECT i, '{"exchange":"","routingKey":"jobs","headers":{}}', CAST(i AS BLOB) FROM n`,
      },
      {
        sql: `INSERT INTO entry (id, queue, content, bytes, priority, failures, state)
          SELECT id, (SELECT id FROM queue), id, length(body), 4, 0, 0 FROM content`,
      },
    ]);
    await broker.close();
    const started = performance.now();
    await using reopened = await open();
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await reopened.inspect('jobs')).toMatchObject({ ready: 100_000, consumers: 0 });
    expect((await take(reopened, 3)).slice(0, 3).map(textOf)).toEqual(['1', '2', '3']);
  });
});

describe('a disk that is full', () => {
  test('is told to the publisher, loses nothing confirmed, and is left behind without a restart', async () => {
    await using parts = await openParts(path, { pragmas: ['max_page_count = 100'] });
    const { broker, database } = parts;
    await broker.declare(JOBS);
    const states: string[] = [];
    broker.onStateChange((state) => states.push(state));
    const confirmed: string[] = [];
    let outcome: PublishOutcome = { status: 'confirmed' };
    for (let number = 0; outcome.status === 'confirmed'; number += 1) {
      const text = `${number} `.padEnd(20_000, 'x');
      outcome = await publish(broker, text);
      if (outcome.status === 'confirmed') confirmed.push(text);
    }
    expect(outcome).toEqual({ status: 'refused', reason: expect.stringContaining('database or disk is full') });
    expect(broker.state).toBe('unreachable');
    expect(await publish(broker, 'x')).toEqual({ status: 'unreachable', reason: expect.stringContaining('full') });
    expect(await broker.inspect('jobs')).toMatchObject({ ready: confirmed.length, consumers: 0 });

    await database.write([{ sql: 'PRAGMA max_page_count = 10000' }]);
    await until(() => broker.state === 'ready', { timeoutMs: 5_000, what: 'the broker to be ready again' });
    expect(states).toEqual(['unreachable', 'ready']);
    expect(await publish(broker, 'after')).toEqual({ status: 'confirmed' });
    expect((await take(broker, confirmed.length + 1)).map(textOf)).toEqual([...confirmed, 'after']);
  });

  test('does not lose what was settled meanwhile', async () => {
    const { broker, database } = await openParts(path);
    await broker.declare(JOBS);
    await publish(broker, 'acked');
    await publish(broker, 'rejected');
    const held: Delivery[] = [];
    const consumption = await broker.consume({ queue: 'jobs', prefetch: 2, onDelivery: (one) => void held.push(one) });
    await until(() => held.length === 2, { timeoutMs: 5_000, what: 'both' });
    await refuseWrites(database, true);
    held[0]?.ack();
    held[1]?.reject();
    await until(() => broker.state === 'unreachable', { timeoutMs: 5_000, what: 'the failure to be seen' });
    await refuseWrites(database, false);
    await until(() => broker.state === 'ready', { timeoutMs: 5_000, what: 'the broker to be ready again' });
    await consumption.close({ deadlineMs: 0 });
    await broker.close();

    await using reopened = await open();
    const [again, ...others] = await take(reopened, 1);
    expect(others).toEqual([]);
    expect(again).toMatchObject({ redelivered: true, deliveryCount: 1 });
  });

  test('a declaration waits until it can be written', async () => {
    await using parts = await openParts(path);
    const { broker, database } = parts;
    await refuseWrites(database, true);
    let isDeclared = false;
    const declared = broker.declare(JOBS).then(() => {
      isDeclared = true;
    });
    await until(() => broker.state === 'unreachable', { timeoutMs: 5_000, what: 'the failure to be seen' });
    expect(isDeclared).toBe(false);
    await refuseWrites(database, false);
    await declared;
    expect(await publish(broker, 'x')).toEqual({ status: 'confirmed' });
  });

  test('a database that is gone leaves publishes unreachable, and the broker closes', async () => {
    const { broker, database } = await openParts(path);
    await broker.declare(JOBS);
    await database.close();
    expect(await publish(broker, 'x')).toMatchObject({ status: 'unconfirmed' });
    expect(await publish(broker, 'x')).toMatchObject({ status: 'unreachable' });
    await broker.close();
    expect(broker.state).toBe('closed');
  });
});

describe('messages', () => {
  test('what does not fit into memory is read back, in order and whole', async () => {
    await using parts = await openParts(path, { memoryLimitBytes: 5_000 });
    const { broker } = parts;
    await broker.declare(JOBS);
    const texts = Array.from({ length: 300 }, (_, index) => `${index} `.padEnd(500, 'x'));
    await Promise.all(texts.map((text) => publish(broker, text, { headers: { text: text.slice(0, 4) } })));
    const taken = await take(broker, texts.length);
    expect(taken.map(textOf)).toEqual(texts);
    expect(taken.map(({ message }) => message.headers.text)).toEqual(texts.map((text) => text.slice(0, 4)));
  });

  test('a refused fan-out is stored nowhere', async () => {
    await using broker = await open();
    await broker.declare({
      exchanges: [{ name: 'both', type: 'direct' }],
      queues: [
        { kind: 'durable', name: 'jobs' },
        { kind: 'durable', name: 'small', maxLength: 1 },
      ],
      bindings: [
        { queue: 'jobs', exchange: 'both', key: '' },
        { queue: 'small', exchange: 'both', key: '' },
      ],
    });
    const both = { exchange: 'both', routingKey: '' };
    const outcomes = await Promise.all([publish(broker, 'fits', both), publish(broker, 'does not', both)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['confirmed', 'refused']);
    expect(await broker.inspect('jobs')).toMatchObject({ ready: 1, consumers: 0 });
    expect(await broker.inspect('small')).toMatchObject({ ready: 1, consumers: 0 });
  });

  test('failures are remembered over a clean stop, and what was only held does not count', async () => {
    const before = await open();
    await before.declare(JOBS);
    await publish(before, 'failed');
    await publish(before, 'held');
    const deliveries: Delivery[] = [];
    const consumption = await before.consume({
      queue: 'jobs',
      prefetch: 2,
      onDelivery(delivery) {
        deliveries.push(delivery);
        if (textOf(delivery) === 'failed' && deliveries.length < 4) delivery.reject();
      },
    });
    await until(() => deliveries.length === 4, { timeoutMs: 5_000, what: 'two failures' });
    await consumption.close({ deadlineMs: 0 });
    await before.close();
    await using after = await open();
    expect(await take(after, 2)).toMatchObject([
      { redelivered: true, deliveryCount: 2 },
      { redelivered: true, deliveryCount: 0 },
    ]);
  });

  test('a dead letter says why, waits for its queue to be declared, and survives a stop', async () => {
    const before = await open();
    await before.declare({
      queues: [{ kind: 'durable', name: 'jobs', deliveryLimit: 0, deadLetterQueue: 'dead' }],
    });
    await publish(before, 'poison');
    const seen: Delivery[] = [];
    await before.consume({
      queue: 'jobs',
      prefetch: 1,
      onDelivery(delivery) {
        seen.push(delivery);
        delivery.reject();
      },
    });
    await until(() => seen.length === 1, { timeoutMs: 5_000, what: 'the only delivery' });
    await before.close();
    const after = await open();
    await after.declare({ queues: [{ kind: 'durable', name: 'dead' }] });
    const [letter] = await take(after, 1, 'dead');
    expect(letter).toMatchObject({ redelivered: false, deliveryCount: 0 });
    expect(letter?.message).toMatchObject({
      exchange: '',
      routingKey: 'dead',
      headers: {
        'x-first-death-reason': 'delivery_limit',
        'x-first-death-queue': 'jobs',
        'x-death': [{ queue: 'jobs', reason: 'delivery_limit', count: 1, 'routing-keys': ['jobs'] }],
      },
    });
    await after.close();
    await using last = await openParts(path);
    expect(await last.database.read('SELECT count(*) AS entries FROM entry')).toEqual([{ entries: 0 }]);
  });

  test('what has been taken leaves nothing in the file', async () => {
    await using parts = await openParts(path);
    const { broker, database } = parts;
    await broker.declare({
      exchanges: [{ name: 'both', type: 'direct' }],
      queues: [
        { kind: 'durable', name: 'jobs' },
        { kind: 'durable', name: 'copy' },
      ],
      bindings: [
        { queue: 'jobs', exchange: 'both', key: '' },
        { queue: 'copy', exchange: 'both', key: '' },
      ],
    });
    await publish(broker, 'shared', { exchange: 'both', routingKey: '' });
    const rows = async (): Promise<unknown> => {
      await publish(broker, '', { exchange: 'both', routingKey: 'nobody', mandatory: false });
      return database.read(
        'SELECT (SELECT count(*) FROM entry) AS entries, (SELECT count(*) FROM content) AS contents',
      );
    };
    expect(await rows()).toEqual([{ entries: 2, contents: 1 }]);
    await take(broker, 1, 'copy');
    await until(async () => JSON.stringify(await rows()) === '[{"entries":1,"contents":1}]', {
      timeoutMs: 5_000,
      what: 'one to be gone',
    });
    await take(broker, 1, 'jobs');
    await until(async () => JSON.stringify(await rows()) === '[{"entries":0,"contents":0}]', {
      timeoutMs: 5_000,
      what: 'all to be gone',
    });
  });

  test('a handler runs in the context of its consumer, not in that of a publisher', async () => {
    const context = new AsyncLocalStorage<string>();
    await using broker = await open();
    await broker.declare(JOBS);
    const seen: (string | undefined)[] = [];
    await context.run('consumer', () =>
      broker.consume({
        queue: 'jobs',
        prefetch: 1,
        onDelivery(delivery) {
          seen.push(context.getStore());
          delivery.ack();
        },
      }),
    );
    await context.run('publisher', () => publish(broker, 'x'));
    await until(() => seen.length === 1, { timeoutMs: 5_000, what: 'the delivery' });
    expect(seen).toEqual(['consumer']);
  });
});
