import type { Sqlite, SqliteOptions } from './sqlite.ts';

/** Opens the file, brings its schema up to date and resolves when it takes writes. Rejects with `CannotOpenError`. */
export async function openSqlite(options: SqliteOptions): Promise<Sqlite> {
  throw new Error(`not here yet: ${options.path}`);
}
