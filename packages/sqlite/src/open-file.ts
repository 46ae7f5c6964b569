import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ThreadOptions } from './protocol.ts';
import { undoRescue } from './rescue-places.ts';

/** Pages in the log before they are copied into the file (16 MiB): each time costs two more fsyncs. */
const CHECKPOINT_PAGES = 4_000;
const LOG_LIMIT_BYTES = 64 * 1024 * 1024;
const BUSY_TIMEOUT_MS = 5_000;

/** The writer's connection, with the schema brought up to date. */
export function openFile({ path, synchronous, schema, pragmas, exclusive }: ThreadOptions): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  // Without it a file that a rescue was about to exchange when its process died would begin anew, empty.
  undoRescue(path);
  // Whoever wants the file alone has no reason to wait for another to leave.
  const database = new DatabaseSync(path, { timeout: exclusive ? 0 : BUSY_TIMEOUT_MS });
  try {
    for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`);
    if (exclusive) database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES};
      PRAGMA temp_store = MEMORY;
    `);
    migrate(database, schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Read-only, so that a read can never wait for, or change, what the writer does. */
export function openFileForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
}

/** Either all missing steps or none. Writes in any case, so that a file that cannot be written is told now. */
function migrate(database: DatabaseSync, schema: readonly string[]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > schema.length) {
      throw new Error(`it was written by a newer version (schema ${version}, this one knows ${schema.length})`);
    }
    for (const step of schema.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schema.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
