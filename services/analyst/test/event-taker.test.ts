import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { RecordedEvent } from '@tracepost/contracts';
import { ANALYST_PARKED_QUEUE, ANALYST_QUEUE, type Broker, type IncomingMessage } from '@tracepost/messaging';
import type { EventEntry, EventStore } from '@tracepost/stores';
import { RecordsRefusedError } from '@tracepost/stores';
import { sampleMetricEntry, sampleRecordedEvent } from '@tracepost/stores/contract';
import { describeWithDocker, until, usePostgres, useRabbitMq } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEventTaker, type EventTaker, type EventTakerOptions } from '../src/index.ts';
import {
  countingTelemetry,
  forge,
  openEmbeddedTakerWorld,
  openFullTakerWorld,
  type TakerWorld,
  tell,
} from './taker-world.ts';

describe('on the embedded broker and SQLite', () => describeTaker(openEmbeddedTakerWorld));

describeWithDocker('on RabbitMQ and Postgres', () => {
  const rabbitMq = useRabbitMq();
  const postgres = usePostgres();
  describeTaker(() => openFullTakerWorld(rabbitMq(), postgres()));

  test('killed again and again in the middle of its work, it loses nothing and counts nothing twice', async () => {
    const world = await openFullTakerWorld(rabbitMq(), postgres());
    const name = `killed.${randomUUID()}`;
    const values = Array.from({ length: 3_000 }, (_, index) => index);
    const entries = values.map((value) => sampleMetricEntry({ name, value }, { source: name }));
    for (let start = 0; start < entries.length; start += 500) {
      const wave = entries.slice(start, start + 500);
      await tellInTens(world.broker, wave);
      await killTaker(world);
      // And some once more, as a client does that did not hear the first answer.
      await tellInTens(world.broker, wave.slice(0, 100));
    }
    const taker = createEventTaker({ ...world, telemetry: countingTelemetry().telemetry });
    await taker.start();
    await until(async () => (await countEvents(world.records.events, name)) === 3_000, { timeoutMs: 30_000 });
    await until(async () => (await world.broker.inspect(ANALYST_QUEUE))?.ready === 0);
    const { series } = await world.records.recordedMetrics.querySamples({
      name,
      from: new Date(Date.UTC(2000, 0)),
      to: new Date(Date.now() + 60_000),
      everyMs: null,
      groupBy: [],
      where: {},
    });
    expect(series[0]?.points[0]).toMatchObject({ count: 3_000, sum: (2_999 * 3_000) / 2, min: 0, max: 2_999 });
    expect((await world.broker.inspect(ANALYST_PARKED_QUEUE))?.ready).toBe(0);
    await taker.close();
    await world.close();
  }, 120_000);
});

function describeTaker(openWorld: () => Promise<TakerWorld>): void {
  let world: TakerWorld;
  let takers: EventTaker[];
  let counting: ReturnType<typeof countingTelemetry>;

  beforeEach(async () => {
    world = await openWorld();
    takers = [];
    counting = countingTelemetry();
  });
  afterEach(async () => {
    await Promise.all(takers.map((taker) => taker.close()));
    await world.close();
  });

  async function startTaker(options: Partial<EventTakerOptions> = {}): Promise<EventTaker> {
    const taker = createEventTaker({ ...world, telemetry: counting.telemetry, ...options });
    takers.push(taker);
    await taker.start();
    return taker;
  }

  test('what is told is stored once, however often it is told, and counted once', async () => {
    await startTaker();
    const source = randomUUID();
    const entries = Array.from({ length: 100 }, () => asEntry(sampleRecordedEvent({ source })));
    await Promise.all([tell(world.broker, entries), ...entries.map((entry) => tell(world.broker, [entry]))]);
    await until(async () => (await countEvents(world.records.events, source)) === 100);
    await until(async () => (await world.broker.inspect(ANALYST_QUEUE))?.ready === 0);
    await until(() => counting.count('messaging.client.consumed.messages') === 101);
    expect(counting.count('tracepost.ingest.stored', 'events')).toBe(100);
  });

  test('a metric is found as a metric and as an event, and neither holds a secret', async () => {
    await startTaker();
    const name = `orders.${randomUUID()}`;
    const said = { source: name, correlationId: 'order-4711' };
    await tell(world.broker, [sampleMetricEntry({ name, value: 2, attributes: { by: 'a@example.org' } }, said)]);
    const event = await until(async () => (await world.records.events.list({ source: name, limit: 1 })).items[0]);
    const sample = { name, value: 2, kind: 'histogram', unit: 'ms', attributes: { by: '****' } };
    expect(event).toMatchObject({ type: 'METRIC', correlationId: 'order-4711', severity: null, data: sample });
    const [metric] = (await world.records.recordedMetrics.catalog()).filter((one) => one.name === name);
    expect(metric).toEqual({ name, kind: 'histogram', unit: 'ms', attributes: ['by'] });

    const secret = sampleRecordedEvent({ data: { login: { password: 'hunter2' }, note: 'bearer abc' } });
    await tell(world.broker, [asEntry(secret)]);
    const kept = await until(
      async () => (await world.records.events.list({ source: secret.source, limit: 1 })).items[0],
    );
    expect(kept?.data).toEqual({ login: { password: '****' }, note: '****' });
  });

  test('what nobody of ours would send is put aside with its reason, counted, and holds up nothing', async () => {
    await startTaker();
    const event = sampleRecordedEvent();
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const forged: [body: Buffer, reason: RegExp, more?: { routingKey?: string; contentEncoding?: string }][] = [
      [Buffer.from('not JSON'), /not JSON/],
      [Buffer.alloc(0), /not JSON/],
      [Buffer.from('['.repeat(2_000_000) + ']'.repeat(2_000_000)), /nested|entries|\//],
      [Buffer.from(`{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), /nested deeper/],
      [Buffer.from(JSON.stringify(event).replace('"data":', '"data":{"__proto__":{"polluted":1}},"x":')), /__proto__/],
      [json([]), /0 entries/],
      [json(Array.from({ length: 1_001 }, () => event)), /1001 entries/],
      [json({ ...event, eventId: 'with a blank' }), /eventId/],
      [json({ ...event, tenantId: 'another' }), /tenantId|additional/],
      [json({ ...event, timestamp: '1999-12-31T23:59:59.999Z' }), /timestamp/],
      [json({ ...event, timestamp: '2026-13-41T00:00:00.000Z' }), /timestamp/],
      [json([event, null]), /entry 1/],
      [gzipSync(json(event)), /compressed/, { contentEncoding: 'gzip' }],
      [json({ ...event, data: 'x'.repeat(5_000_000) }), /bytes/],
      [json(event), /\/|required/, { routingKey: 'record.metric' }],
    ];
    for (const [body, reason, more] of forged) {
      const messageId = randomUUID();
      await forge(world.broker, { routingKey: 'record.event', messageId, body, ...more });
      const parked = await takeFrom(world.broker, ANALYST_PARKED_QUEUE, messageId);
      expect(String(parked.headers['x-park-reason'])).toMatch(reason);
      expect(parked.body.equals(body)).toBe(true);
    }
    const good = sampleRecordedEvent();
    await tell(world.broker, [asEntry(good)]);
    await until(async () => (await countEvents(world.records.events, good.source)) === 1);
    expect(await countEvents(world.records.events, event.source)).toBe(0);
    expect(counting.count('tracepost.messages.parked', 'unreadable')).toBe(forged.length);
    expect(counting.count('tracepost.ingest.refused', 'unreadable')).toBe(forged.length);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('messages of full arrays are stored together, up to 2,000 entries in one transaction', async () => {
    const { events } = world.records;
    const source = randomUUID();
    for (let message = 0; message < 3; message++)
      await tell(
        world.broker,
        Array.from({ length: 1_000 }, () => asEntry(sampleRecordedEvent({ source }))),
      );
    const sizes: number[] = [];
    const record: EventStore['record'] = (entries) => {
      sizes.push(entries.length);
      return events.record(entries);
    };
    await startTaker({
      records: { ping: () => world.records.ping(), events: { record } },
      batchSize: 3,
      lingerMs: 2_000,
    });
    await until(() => counting.count('tracepost.ingest.stored', 'events') === 3_000);
    expect(sizes).toEqual([2_000, 1_000]);
  });

  test('a store that is away for a while delays what was told and loses none of it', async () => {
    const { events } = world.records;
    let isAway = true;
    const record: EventStore['record'] = (entries) =>
      isAway ? Promise.reject(new Error('the disk is full')) : events.record(entries);
    const ping = () => (isAway ? Promise.reject(new Error('the disk is full')) : world.records.ping());
    const taker = await startTaker({ records: { ping, events: { record } } });
    const source = randomUUID();
    await tell(world.broker, [asEntry(sampleRecordedEvent({ source })), asEntry(sampleRecordedEvent({ source }))]);
    await until(() => !taker.state.isReady);
    expect(taker.state.message).toContain('the disk is full');
    isAway = false;
    await until(async () => (await countEvents(events, source)) === 2);
    await until(() => taker.state.isReady);
    expect((await world.broker.inspect(ANALYST_PARKED_QUEUE))?.ready).toBe(0);
  });

  test('one that the store refuses for ever is put aside alone', async () => {
    const { events } = world.records;
    const bad = sampleRecordedEvent();
    const record: EventStore['record'] = (entries) => {
      if (!entries.some(({ event }) => event.source === bad.source)) return events.record(entries);
      return Promise.reject(new RecordsRefusedError('no such luck'));
    };
    await startTaker({ records: { ping: () => world.records.ping(), events: { record } } });
    const source = randomUUID();
    const good = Array.from({ length: 5 }, () => asEntry(sampleRecordedEvent({ source })));
    await Promise.all([...good.map((entry) => tell(world.broker, [entry])), tell(world.broker, [asEntry(bad)])]);
    await until(async () => (await countEvents(events, source)) === 5);
    await until(() => counting.count('tracepost.messages.parked', 'store_refused') === 1);
    expect(counting.count('tracepost.ingest.refused', 'store_refused')).toBe(1);
    await until(async () => (await world.broker.inspect(ANALYST_QUEUE))?.ready === 0);
    await drain(world.broker, ANALYST_PARKED_QUEUE);
  });

  test('one that the store refuses for ever costs those nothing that lie in the same message, and is counted alone', async () => {
    const { events } = world.records;
    const bad = [sampleRecordedEvent(), sampleRecordedEvent()];
    const ids = new Set(bad.map(({ eventId }) => eventId));
    const record: EventStore['record'] = (entries) => {
      if (!entries.some(({ event }) => ids.has(event.eventId))) return events.record(entries);
      return Promise.reject(new RecordsRefusedError('no such luck'));
    };
    const before = counting.count('tracepost.ingest.refused', 'store_refused');
    await startTaker({ records: { ping: () => world.records.ping(), events: { record } } });
    const source = randomUUID();
    const good = Array.from({ length: 5 }, () => sampleRecordedEvent({ source }));
    await tell(world.broker, [...good.slice(0, 2), ...bad, ...good.slice(2)].map(asEntry));
    await until(() => counting.count('tracepost.ingest.refused', 'store_refused') === before + 2);
    expect(await countEvents(events, source)).toBe(5);
    await drain(world.broker, ANALYST_PARKED_QUEUE);
  });

  test('what is in hand when it stops is stored or comes again', async () => {
    const source = randomUUID();
    const entries = Array.from({ length: 300 }, () => asEntry(sampleRecordedEvent({ source })));
    const first = await startTaker({ batchSize: 3 });
    await Promise.all(entries.map((entry) => tell(world.broker, [entry])));
    await first.close();
    await first.close();
    expect(first.state.isReady).toBe(false);
    await startTaker();
    await until(async () => (await countEvents(world.records.events, source)) === 300);
  });

  test('past the limit of series the values are counted together, and the alarm names the attribute', async () => {
    await startTaker();
    const name = `many.${randomUUID()}`;
    const entries = Array.from({ length: 1_100 }, (_, user) =>
      sampleMetricEntry({ name, value: 1, attributes: { user: `u${user}`, region: 'eu' } }, { source: name }),
    );
    for (let start = 0; start < entries.length; start += 100)
      await tell(world.broker, entries.slice(start, start + 100));
    await until(async () => (await countEvents(world.records.events, name)) === 1_100, { timeoutMs: 20_000 });
    await until(() => counting.count('tracepost.series.overflow', name) === 100);
  });
}

function asEntry(event: RecordedEvent): EventEntry {
  return { event, sample: null };
}

async function countEvents(events: EventStore, source: string): Promise<number> {
  let count = 0;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await events.list({ source, limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    count += page.items.length;
    cursor = page.nextCursor;
  }
  return count;
}

/** Takes and acknowledges messages until this one comes. */
async function takeFrom(broker: Broker, queue: string, messageId: string): Promise<IncomingMessage> {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
  const consumption = await broker.consume({
    queue,
    prefetch: 100,
    onDelivery: (delivery) => {
      delivery.ack();
      if (delivery.message.messageId === messageId) resolve(delivery.message);
    },
  });
  const message = await promise;
  await consumption.close();
  return message;
}

async function drain(broker: Broker, queue: string): Promise<void> {
  const consumption = await broker.consume({ queue, prefetch: 100, onDelivery: (delivery) => delivery.ack() });
  await until(async () => (await broker.inspect(queue))?.ready === 0);
  await consumption.close();
}

async function tellInTens(broker: Broker, entries: readonly EventEntry[]): Promise<void> {
  for (let start = 0; start < entries.length; start += 10) await tell(broker, entries.slice(start, start + 10));
}

/** Starts a taker in a process of its own and kills it while it works. */
async function killTaker({ addresses }: TakerWorld): Promise<void> {
  if (!addresses) throw new Error('Only a server can be reached from another process');
  const { rabbitMq, postgres, database } = addresses;
  const { url, username, password } = rabbitMq;
  const { host, port, user } = postgres;
  const child = startChild(
    JSON.stringify({
      rabbitMq: { url, username, password },
      postgres: { host, port, user, password: postgres.password, database },
    }),
  );
  await once(child.stdout ?? child, 'data');
  await sleep(5 + Math.random() * 100);
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function startChild(said: string): ChildProcess {
  const path = fileURLToPath(new URL('event-taker-child.ts', import.meta.url));
  return spawn(process.execPath, [path, said], { stdio: ['ignore', 'pipe', 'inherit'] });
}
