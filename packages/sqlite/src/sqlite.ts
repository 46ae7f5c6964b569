/** What SQLite stores. Integers beyond `Number.MAX_SAFE_INTEGER` come back as bigint, all others as number. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

export type SqliteRow = Record<string, SqliteValue>;

export interface Statement {
  /** One statement; its text is the key of the cache of prepared statements, so keep values out of it. */
  readonly sql: string;
  /** For `?` in order. */
  readonly params?: readonly SqliteValue[];
  /** Instead of `params`: the statement runs once for each entry, and the results are summed up in one. */
  readonly batch?: readonly (readonly SqliteValue[])[];
}

export interface StatementResult {
  /** Rows changed, by the statement itself. */
  readonly changes: number;
  /** Of the last row inserted by this connection; exact up to `Number.MAX_SAFE_INTEGER`. */
  readonly lastInsertRowid: number;
  /** Of RETURNING, SELECT and PRAGMA; else empty. */
  readonly rows: SqliteRow[];
}

/** `failed`: the thread died or the file broke; nothing works any more until it is opened again. */
export type SqliteState = 'open' | 'failed' | 'closed';

/** One SQLite file behind one writer thread. The calling thread only sends and receives messages. */
export interface Sqlite {
  readonly path: string;
  readonly state: SqliteState;

  /**
   * Applies the statements together or not at all and resolves after the commit, with one result per statement. Units
   * take effect in the order of the calls. Those that wait at the same time share one transaction and one fsync; each
   * has its own savepoint, so that one that is refused harms no other.
   *
   * Rejects with `StatementRefusedError` (constraint, syntax), `WriteFailedError` (disk full, I/O), `OverloadedError`
   * (too many waiting: nothing was sent) or `SqliteUnavailableError` (closed or failed).
   */
  write(unit: readonly Statement[]): Promise<StatementResult[]>;

  /**
   * Reads on a read-only connection in a thread of its own, started by the first read and again by the next one after it has
   * rested; sees every `write` that has resolved. With `exclusive`, reads take their turn with the writes instead.
   */
  read<T = SqliteRow>(sql: string, params?: readonly SqliteValue[]): Promise<T[]>;

  /**
   * The same for what is small and asked again and again while nothing else happens, such as whether the database answers: it lets the
   * reading thread rest. While that one does, a look takes its turn with the writes, unless many of those wait or the statement was slow there.
   */
  look<T = SqliteRow>(sql: string, params?: readonly SqliteValue[]): Promise<T[]>;

  /**
   * The writer's connection for one caller alone, for interactive transactions: no `write` and no other session takes
   * place until it is released. Waits for its turn like a write.
   */
  acquire(): Promise<SqliteSession>;

  /** Takes nothing new, finishes what it has, closes the file. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SqliteSession {
  /** Runs now, in autocommit unless the caller has said BEGIN. SELECTs see the open transaction. */
  execute(sql: string, params?: readonly SqliteValue[]): Promise<StatementResult>;
  /** Gives the connection back; a transaction still open is rolled back. Safe to call twice. */
  release(): Promise<void>;
}

export interface SqliteOptions {
  /** The database file; its folder is made when missing. */
  readonly path: string;
  /** `FULL`: a resolved write survives loss of power. `NORMAL`: it survives a crash of the process only. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /**
   * Steps of the schema, oldest first; only ever append. `PRAGMA user_version` counts those applied; the missing ones
   * run in one transaction when opening. A step may hold several statements.
   */
  readonly schema: readonly string[];
  /** Run before everything else, without the word PRAGMA, for example `auto_vacuum = INCREMENTAL`. */
  readonly pragmas?: readonly string[];
  /** Nobody else may have the file open, in this process or any other; reads go through the writer. Default false. */
  readonly exclusive?: boolean;
  /** Most writes, reads and sessions waiting for an answer, each; default 20,000. */
  readonly maxInFlight?: number;
  /** The reading thread ends when nothing was read for so long; default 15,000. */
  readonly readerRestsAfterMs?: number;
  /** A session without a statement for so long is rolled back and taken away; default 30,000. */
  readonly sessionIdleMs?: number;
}
