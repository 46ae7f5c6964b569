import { openSqlite } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';
import { Kysely } from 'kysely';
import { forgetSilentWorkers } from '../announcements.ts';
import { type RecordTables, recordSteps } from '../schema.ts';
import { createSqlStores, type SqlStores } from '../sql-stores.ts';
import { createStatementLog } from '../statement-log.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';

export interface SqliteRecordStoreOptions {
  /** The database file; its folder is made when missing. */
  readonly path: string;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
}

/** Opens the records of an embedded installation and brings them up to date. Rejects with `CannotOpenError`. */
export async function openSqliteRecordStore({ path, telemetry }: SqliteRecordStoreOptions): Promise<SqlStores> {
  // FULL: an event is acknowledged to the broker after the write, so the write has to survive a loss of power.
  const sqlite = await openSqlite({ path, synchronous: 'FULL', schema: recordSteps('sqlite') });
  const log = createStatementLog(telemetry.logger, 'sqlite');
  const db = new Kysely<RecordTables>({ dialect: createSqliteDialect(sqlite), log });
  await forgetSilentWorkers(db);
  return createSqlStores({
    db,
    looks: new Kysely<RecordTables>({ dialect: createSqliteDialect(sqlite, 'look'), log }),
    system: 'sqlite',
    telemetry,
    // One writer at a time: nothing is broken off for the sake of another.
    retry: (write) => write(),
    close: () => db.destroy(),
  });
}
