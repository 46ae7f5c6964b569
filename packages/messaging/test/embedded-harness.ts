import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSound, type Sqlite } from '@tracepost/sqlite';
import { createTelemetry } from '@tracepost/telemetry';
import type { Broker } from '../src/broker.ts';
import type { BrokerHarness } from '../src/contract/index.ts';
import { EmbeddedBroker } from '../src/embedded/embedded-broker.ts';
import { load } from '../src/embedded/load.ts';
import { SCHEMA } from '../src/embedded/schema.ts';

/**
 * A broker in this process, so its crash is played: the files are copied as they are at that moment, a new broker opens
 * the copy, and the old one loses its database. `embedded-crash.test.ts` kills real processes.
 */
export async function embeddedHarness(): Promise<BrokerHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-embedded-'));
  let life = 0;
  let current = await openParts(join(folder, 'queue-0.db'));

  const crash = async (): Promise<void> => {
    const from = join(folder, `queue-${life}.db`);
    life += 1;
    const to = join(folder, `queue-${life}.db`);
    await copyFile(from, to);
    // A broker that was closed before has left no log.
    await copyFile(`${from}-wal`, `${to}-wal`).catch(() => {});
    await current.database.close();
    current = await openParts(to);
  };

  return {
    patienceMs: 5_000,
    broker: () => current.broker,
    crash,
    restart: crash,
    async [Symbol.asyncDispose]() {
      await current.database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Parts extends AsyncDisposable {
  readonly broker: Broker;
  /** To break it. */
  readonly database: Sqlite;
}

export async function openParts(
  path: string,
  { pragmas = [], ...limits }: { pragmas?: readonly string[]; memoryLimitBytes?: number } = {},
): Promise<Parts> {
  const database = await openSound({ path, synchronous: 'FULL', schema: SCHEMA, exclusive: true, pragmas });
  const telemetry = createTelemetry({ serviceName: 'test' });
  const broker = new EmbeddedBroker({ database, telemetry, loaded: await load(database), ...limits });
  return { database, broker, [Symbol.asyncDispose]: () => broker.close() };
}
