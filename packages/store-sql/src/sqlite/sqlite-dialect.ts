import type { Sqlite, SqliteSession, SqliteValue } from '@tracepost/sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/**
 * Kysely on our SQLite, whose connections live in threads of their own: reads go to the reading connection and never
 * wait for a writer, single writes share a commit with others, a transaction has the writer for itself. `reads`: `look` for
 * statements that do not keep the reading thread from resting.
 */
export function createSqliteDialect(sqlite: Sqlite, reads: 'read' | 'look' = 'read'): Dialect {
  return {
    createAdapter: () => new ConcurrentSqliteAdapter(),
    createDriver: () => createDriver(sqlite, reads),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Kysely would otherwise let one caller in at a time; whose turn it is, is decided by the writer thread here. */
class ConcurrentSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function createDriver(sqlite: Sqlite, reads: 'read' | 'look'): Driver {
  // Kysely hands back the connections that it got from `acquireConnection`, and these are ours.
  const ours = (connection: DatabaseConnection) => connection as SqliteConnection;
  return {
    async init() {},
    acquireConnection: async () => new SqliteConnection(sqlite, reads),
    beginTransaction: (connection) => ours(connection).begin(),
    commitTransaction: (connection) => ours(connection).commit(),
    rollbackTransaction: (connection) => ours(connection).release(),
    releaseConnection: (connection) => ours(connection).release(),
    destroy: () => sqlite.close(),
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #sqlite: Sqlite;
  readonly #reads: 'read' | 'look';
  #session: SqliteSession | null = null;

  constructor(sqlite: Sqlite, reads: 'read' | 'look') {
    this.#sqlite = sqlite;
    this.#reads = reads;
  }

  async begin(): Promise<void> {
    this.#session = await this.#sqlite.acquire();
    // Takes the write lock now: to ask for it after reading fails when another process wrote in between.
    await this.#session.execute('begin immediate');
  }

  async commit(): Promise<void> {
    await this.#session?.execute('commit');
    await this.release();
  }

  /** A transaction that is still open is rolled back. */
  async release(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.release();
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    // Our queries hand over texts, numbers and null only.
    const params = parameters as readonly SqliteValue[];
    if (!this.#session && (SelectQueryNode.is(query) || query.kind === 'RawNode')) {
      return { rows: await this.#sqlite[this.#reads]<R>(sql, params) };
    }
    const result = this.#session
      ? await this.#session.execute(sql, params)
      : (await this.#sqlite.write([{ sql, params }]))[0];
    // Which columns a row has is known to the query that asked for it.
    return { rows: (result?.rows ?? []) as R[], numAffectedRows: BigInt(result?.changes ?? 0) };
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing here streams.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('Rows are not streamed from SQLite');
  }
}
