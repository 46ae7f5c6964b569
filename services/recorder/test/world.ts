import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, EVENTS_EXCHANGE, type IncomingMessage } from '@tracepost/messaging';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openPostgresRecordStore, openSqliteRecordStore } from '@tracepost/store-sql';
import type { HouseStores } from '@tracepost/stores';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { type PostgresServer, type RabbitMqServer, startFaultProxy } from '@tracepost/testing';

/** A broker and a record store, as one way of running has them. */
export interface World {
  readonly broker: Broker;
  readonly records: HouseStores;
  /** The store cannot be reached, until it is restored. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

export async function openEmbeddedWorld(): Promise<World> {
  const telemetry = createTelemetry({ serviceName: 'test' });
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-recorder-'));
  const broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  const store = await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry });
  const records = breakable(store);
  return {
    broker,
    records,
    cut: () => records.break('the disk is full'),
    restore: () => records.mend(),
    async close() {
      await broker.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openFullWorld(rabbitMq: RabbitMqServer, postgres: PostgresServer): Promise<World> {
  const telemetry = createTelemetry({ serviceName: 'test' });
  const proxy = await startFaultProxy({ port: postgres.port });
  const { url, username, password } = rabbitMq;
  const broker = createRabbitMqBroker({ url, username, password, connectionName: 'test', telemetry });
  const records = await openPostgresRecordStore({
    host: '127.0.0.1',
    port: proxy.port,
    database: await postgres.createDatabase(),
    user: postgres.user,
    password: postgres.password,
    telemetry,
  });
  return {
    broker,
    records,
    cut: () => proxy.cut(),
    restore: () => proxy.restore(),
    async close() {
      proxy.restore();
      await broker.close();
      await records.close();
      await proxy.close();
    },
  };
}

/** A real store that fails on command: a file has no cable that could be pulled. */
export function breakable(store: HouseStores): HouseStores & { break(reason: string): void; mend(): void } {
  let broken: string | null = null;
  const guarded =
    <Input extends unknown[], Output>(work: (...input: Input) => Promise<Output>) =>
    (...input: Input): Promise<Output> =>
      broken === null ? work(...input) : Promise.reject(new Error(broken));
  return {
    ...store,
    applyTaskEvents: guarded((events) => store.applyTaskEvents(events)),
    applyAnnouncements: guarded((announcements) => store.applyAnnouncements(announcements)),
    ping: guarded(() => store.ping()),
    inbox: { ...store.inbox, end: guarded((ending) => store.inbox.end(ending)) },
    deadLetters: { ...store.deadLetters, add: guarded((letters) => store.deadLetters.add(letters)) },
    break(reason) {
      broken = reason;
    },
    mend() {
      broken = null;
    },
  };
}

/** Telemetry whose counters can be read. */
export function countingTelemetry(): { telemetry: Telemetry; count(name: string, reason?: string): number } {
  const added: { name: string; value: number; reason: unknown }[] = [];
  const telemetry = createTelemetry({ serviceName: 'test' });
  return {
    telemetry: {
      ...telemetry,
      metrics: {
        ...telemetry.metrics,
        add: (name, value, attributes) =>
          added.push({ name, value, reason: (attributes as Record<string, unknown>)['tracepost.reason'] }),
      },
    },
    count: (name, reason) =>
      added
        .filter((one) => one.name === name && (reason === undefined || one.reason === reason))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

export async function publishRaw(broker: Broker, routingKey: string, body: string): Promise<string> {
  const messageId = randomUUID();
  const outcome = await broker.publish({
    exchange: EVENTS_EXCHANGE,
    routingKey,
    mandatory: true,
    body: Buffer.from(body),
    headers: { 'x-tenant-id': 'default' },
    messageId,
  });
  if (outcome.status !== 'confirmed') throw new Error(`not confirmed: ${JSON.stringify(outcome)}`);
  return messageId;
}

/** Takes and acknowledges messages until this one comes. */
export async function takeFrom(broker: Broker, queue: string, messageId: string): Promise<IncomingMessage> {
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
