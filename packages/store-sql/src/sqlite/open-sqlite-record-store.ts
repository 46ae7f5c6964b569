import { cannotFill, openSound } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';
import { Kysely } from 'kysely';
import { forgetSilentWorkers } from '../announcements.ts';
import type { KeyStoreOptions } from '../key-store.ts';
import { type RecordTables, recordSteps } from '../schema.ts';
import { createSqlStores, type SqlStores } from '../sql-stores.ts';
import { createStatementLog } from '../statement-log.ts';
import { onRescued } from './on-rescued.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';

export interface SqliteRecordStoreOptions extends KeyStoreOptions {
  /** The database file; its folder is made when missing. */
  readonly path: string;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  /** A damaged file is set aside, and what can be read of it stands in a new one; else it is refused: what is lost of the inbox may be done twice. */
  readonly rescueDamaged?: boolean;
}

/** Opens the records of an embedded installation and brings them up to date. Rejects with `CannotOpenError`. */
export async function openSqliteRecordStore(options: SqliteRecordStoreOptions): Promise<SqlStores> {
  const { path, telemetry, maxKeys } = options;
  // FULL: an event is acknowledged to the broker after the write, so the write has to survive a loss of power.
  const schema = recordSteps('sqlite');
  const sqlite = await openSound({ path, synchronous: 'FULL', schema, onRescued: onRescued(options) });
  const log = createStatementLog(telemetry.logger, 'sqlite');
  const db = new Kysely<RecordTables>({ dialect: createSqliteDialect(sqlite), log });
  try {
    await forgetSilentWorkers(db);
  } catch (error) {
    await db.destroy().then(() => sqlite.close());
    throw cannotFill(path, error);
  }
  return createSqlStores({
    db,
    looks: new Kysely<RecordTables>({ dialect: createSqliteDialect(sqlite, 'look'), log }),
    system: 'sqlite',
    telemetry,
    maxKeys,
    // One writer at a time: nothing is broken off for the sake of another.
    retry: (write) => write(),
    // Kysely ends only what it has begun: without a single query it would leave the file open.
    close: () => db.destroy().then(() => sqlite.close()),
  });
}
