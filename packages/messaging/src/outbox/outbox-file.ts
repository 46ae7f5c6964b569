import { openSqlite, type Sqlite, SqliteUnavailableError, WriteFailedError } from '@tracepost/sqlite';
import { ROW_COLUMNS, type Row, rowParams } from './row.ts';

const SCHEMA = [
  `CREATE TABLE message (
    sequence INTEGER PRIMARY KEY,
    agent_id TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    properties TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  )`,
];

export interface IndexRow {
  readonly sequence: number;
  readonly agentId: string;
  readonly sentAtMs: number;
  readonly bytes: number;
}

/** The messages on the disk. Rejects like `@tracepost/sqlite`. */
export class OutboxFile {
  readonly #database: Sqlite;

  private constructor(database: Sqlite) {
    this.#database = database;
  }

  /** Nobody else can have it open: two gateways on one file would send everything twice. Rejects with `CannotOpenError`. */
  static async open(path: string): Promise<OutboxFile> {
    return new OutboxFile(await openSqlite({ path, synchronous: 'FULL', schema: SCHEMA, exclusive: true }));
  }

  /** Null when all pages are whole, else what is wrong with the first that is not. */
  async findDamage(): Promise<string | null> {
    try {
      const [found] = await this.#database.read<Record<string, string>>('PRAGMA quick_check(1)');
      const verdict = Object.values(found ?? {})[0] ?? 'no answer';
      return verdict === 'ok' ? null : verdict;
    } catch (error) {
      if (error instanceof WriteFailedError && error.isDamaged) return error.message;
      throw error;
    }
  }

  /** On the disk when it resolves. */
  async insert(rows: readonly Row[]): Promise<void> {
    await this.#database.write([{ sql: INSERT, batch: rows.map(rowParams) }]);
  }

  async remove(sequences: readonly number[]): Promise<void> {
    await this.#database.write([{ sql: DELETE, params: [JSON.stringify(sequences)] }]);
  }

  async read(sequences: readonly number[]): Promise<ReadonlyMap<number, Row>> {
    const rows = await this.#database.read<Row>(SELECT, [JSON.stringify(sequences)]);
    return new Map(rows.map((row) => [row.sequence, row]));
  }

  /** What lies there, oldest first, without contents. */
  index(): Promise<IndexRow[]> {
    return this.#database.read(INDEX);
  }

  /** The first after `sequence`, or with `isBackwards` the last before it: step by step through a file that may be broken anywhere. */
  async step(sequence: number, { isBackwards }: { readonly isBackwards: boolean }): Promise<Row | null> {
    const rows = await this.#database.read<Row>(isBackwards ? PREVIOUS : NEXT, [sequence]);
    return rows[0] ?? null;
  }

  /** Resolves when writing works. */
  async probe(): Promise<void> {
    await this.#database.write([{ sql: `PRAGMA user_version = ${SCHEMA.length}` }]);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** Nothing can be written any more until the file is opened anew: it is damaged, or its thread is gone. */
export function needsReopening(error: unknown): boolean {
  return error instanceof SqliteUnavailableError || (error instanceof WriteFailedError && error.isDamaged);
}

const INSERT = `INSERT INTO message (sequence, agent_id, sent_at_ms, properties, body, checksum, bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const DELETE = 'DELETE FROM message WHERE sequence IN (SELECT value FROM json_each(?))';
const SELECT = `SELECT ${ROW_COLUMNS} FROM message WHERE sequence IN (SELECT value FROM json_each(?))`;
const INDEX = 'SELECT sequence, agent_id AS agentId, sent_at_ms AS sentAtMs, bytes FROM message ORDER BY sequence';
const NEXT = `SELECT ${ROW_COLUMNS} FROM message WHERE sequence > ? ORDER BY sequence LIMIT 1`;
const PREVIOUS = `SELECT ${ROW_COLUMNS} FROM message WHERE sequence < ? ORDER BY sequence DESC LIMIT 1`;
