import { openSound } from '@tracepost/sqlite';
import type { SessionStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { Kysely } from 'kysely';
import { createSqlSessionStore } from '../session-store/create-session-store.ts';
import { type SessionTables, sessionSteps } from '../session-store/schema.ts';
import { createStatementLog } from '../statement-log.ts';
import { onRescued } from './on-rescued.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';

export interface SqliteSessionStoreOptions {
  /** The database file, of its own: whoever imports a thousand sessions does not hold up the records. Its folder is made when missing. */
  readonly path: string;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  /** A damaged file is set aside, and what can be read of it stands in a new one; else it is refused. Nobody else may have it open. */
  readonly rescueDamaged?: boolean;
}

/**
 * Opens the sessions of an embedded installation and brings them up to date; several may have them open and write, each waits up to
 * five seconds for its turn. Rejects with `CannotOpenError`.
 */
export async function openSqliteSessionStore(options: SqliteSessionStoreOptions): Promise<SessionStore> {
  const { path, telemetry } = options;
  // FULL: an import is told to be done after the write, so the write has to survive a loss of power.
  const schema = sessionSteps('sqlite');
  const sqlite = await openSound({ path, synchronous: 'FULL', schema, onRescued: onRescued(options) });
  const db = new Kysely<SessionTables>({
    dialect: createSqliteDialect(sqlite),
    log: createStatementLog(telemetry.logger, 'sqlite'),
  });
  return createSqlSessionStore({
    db,
    system: 'sqlite',
    telemetry,
    // The lock is asked for before anything is read: nothing is broken off for the sake of another.
    retry: (write) => write(),
    // Kysely ends only what it has begun: without a single query it would leave the file open.
    close: () => db.destroy().then(() => sqlite.close()),
  });
}
