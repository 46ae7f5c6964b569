import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, EVENTS_EXCHANGE, publishRecorded, recordedBody, recordingTopology } from '@tracepost/messaging';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openPostgresRecordStore, openSqliteRecordStore } from '@tracepost/store-sql';
import type { EventEntry, HouseStores } from '@tracepost/stores';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import type { PostgresServer, RabbitMqServer } from '@tracepost/testing';

const telemetry = createTelemetry({ serviceName: 'test', terminalLevel: 'silent' });

/** A broker and a record store, as one way of running has them; for the full one also what another process reaches them by. */
export interface TakerWorld {
  readonly broker: Broker;
  readonly records: HouseStores;
  readonly addresses: {
    readonly rabbitMq: RabbitMqServer;
    readonly postgres: PostgresServer;
    readonly database: string;
  } | null;
  close(): Promise<void>;
}

export async function openEmbeddedTakerWorld(): Promise<TakerWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-taker-'));
  const broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  const records = await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry });
  await broker.declare(recordingTopology());
  return {
    broker,
    records,
    addresses: null,
    async close() {
      await broker.close();
      await records.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openFullTakerWorld(rabbitMq: RabbitMqServer, postgres: PostgresServer): Promise<TakerWorld> {
  const { url, username, password } = rabbitMq;
  const broker = createRabbitMqBroker({ url, username, password, connectionName: 'test', telemetry });
  const database = await postgres.createDatabase();
  const records = await openPostgresRecordStore({
    host: postgres.host,
    port: postgres.port,
    database,
    user: postgres.user,
    password: postgres.password,
    telemetry,
  });
  await broker.declare(recordingTopology());
  return {
    broker,
    records,
    addresses: { rabbitMq, postgres, database },
    async close() {
      await broker.close();
      await records.close();
    },
  };
}

/** As the gateway hands them on. */
export async function tell(broker: Broker, entries: readonly EventEntry[]): Promise<void> {
  const texts = entries.map(({ event, sample }) => {
    if (!sample) return JSON.stringify(event);
    const { eventId, source, timestamp, correlationId, traceId } = event;
    return JSON.stringify({ eventId, source, timestamp, correlationId, traceId, sample });
  });
  const key = entries[0]?.sample ? 'record.metric' : 'record.event';
  const outcome = await publishRecorded(broker, { key, body: recordedBody(texts) });
  if (outcome.status !== 'confirmed') throw new Error(`not confirmed: ${JSON.stringify(outcome)}`);
}

/** As anybody on the broker may. */
export async function forge(
  broker: Broker,
  said: { routingKey: string; body: Buffer; messageId: string; contentEncoding?: string },
): Promise<void> {
  const outcome = await broker.publish({ exchange: EVENTS_EXCHANGE, mandatory: true, headers: {}, ...said });
  if (outcome.status !== 'confirmed') throw new Error(`not confirmed: ${JSON.stringify(outcome)}`);
}

/** Telemetry whose counters can be read, by name and reason or signal. */
export function countingTelemetry(): { telemetry: Telemetry; count(name: string, word?: string): number } {
  const added: { name: string; value: number; words: unknown[] }[] = [];
  return {
    telemetry: {
      ...telemetry,
      metrics: {
        ...telemetry.metrics,
        add: (name, value, attributes) => added.push({ name, value, words: Object.values(attributes ?? {}) }),
      },
    },
    count: (name, word) =>
      added
        .filter((one) => one.name === name && (word === undefined || one.words.includes(word)))
        .reduce((sum, { value }) => sum + value, 0),
  };
}
