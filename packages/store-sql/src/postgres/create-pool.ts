import type { Telemetry } from '@tracepost/telemetry';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { connectionOptions, type PostgresOptions } from './connection-options.ts';

const MAX_CONNECTIONS = 10;
const STATEMENT_TIMEOUT_MS = 5_000;
const IDLE_MS = 30_000;

/** A pool whose connections are thrown away after a failure that leaves it open what they are doing. */
export function createPool(options: PostgresOptions, { logger }: Pick<Telemetry, 'logger'>): PostgresPool {
  const pool = new pg.Pool({
    ...connectionOptions(options, STATEMENT_TIMEOUT_MS),
    max: MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
  });
  // A connection that breaks is replaced when the next one is asked for. It tells so as an event, idle (on the pool) or
  // in use (on itself, besides failing its query), and an event that nobody listens to would end the process.
  pool.on('error', (error) => logger.warn({ layer: 'store', error }, 'An idle connection to Postgres broke'));
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    options: pool.options,
    connect: async () => discardable(await pool.connect()),
    end: () => pool.end(),
  };
}

/**
 * After a client-side timeout the query still runs at the server, and the next user of the connection would wait
 * behind it. After an error that the server itself has told, its connection is fine.
 */
function discardable(client: pg.PoolClient): PostgresPoolClient {
  let isDoubtful = false;
  return {
    // The two forms of the type are one here: statements with values, no cursors.
    query: (async (text: string, values: unknown[]) => {
      try {
        return await client.query(text, values);
      } catch (error) {
        isDoubtful ||= !(error instanceof pg.DatabaseError);
        throw error;
      }
    }) as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || isDoubtful),
  };
}
