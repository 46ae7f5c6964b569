import type { Telemetry } from '@tracepost/telemetry';
import { Kysely, PostgresDialect } from 'kysely';
import { forgetSilentWorkers } from '../announcements.ts';
import type { KeyStoreOptions } from '../key-store.ts';
import { type RecordTables, recordSteps } from '../schema.ts';
import { createSqlStores, type SqlStores } from '../sql-stores.ts';
import { createStatementLog } from '../statement-log.ts';
import { connect } from './connect.ts';
import type { PostgresOptions } from './connection-options.ts';
import { retryOnConflict } from './retry-on-conflict.ts';

export interface PostgresRecordStoreOptions extends PostgresOptions, KeyStoreOptions {
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  /** How long to wait for a server that is still starting; 0, the default, tries once. */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the records in Postgres and brings their schema up to date; safe when several processes do so at once. Rejects
 * with the driver's error, or with `NewerSchemaError`.
 */
export async function openPostgresRecordStore(options: PostgresRecordStoreOptions): Promise<SqlStores> {
  const { telemetry } = options;
  const pool = await connect(options, recordSteps('postgres'));
  const db = new Kysely<RecordTables>({
    dialect: new PostgresDialect({ pool }),
    log: createStatementLog(telemetry.logger, 'postgresql'),
  });
  await forgetSilentWorkers(db);
  return createSqlStores({
    db,
    system: 'postgresql',
    telemetry,
    maxKeys: options.maxKeys,
    retry: retryOnConflict,
    close: () => db.destroy(),
  });
}
