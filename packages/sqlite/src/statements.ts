import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqliteRow, SqliteValue, Statement, StatementResult } from './sqlite.ts';

/** Prepared statements of one connection; the least recently used is thrown away first. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  readonly #limit: number;

  constructor(database: DatabaseSync, limit = 256) {
    this.#database = database;
    this.#limit = limit;
  }

  run({ sql, params = [], batch }: Statement): StatementResult {
    const prepared = this.#prepare(sql);
    if (!batch) return this.#runOnce(prepared, params);
    let changes = 0;
    let lastInsertRowid = 0;
    const rows: SqliteRow[] = [];
    for (const entry of batch) {
      const result = this.#runOnce(prepared, entry);
      changes += result.changes;
      lastInsertRowid = result.lastInsertRowid;
      for (const row of result.rows) rows.push(row);
    }
    return { changes, lastInsertRowid, rows };
  }

  /** For statements that only read: may run twice. */
  all(sql: string, params: readonly SqliteValue[]): SqliteRow[] {
    const prepared = this.#prepare(sql);
    try {
      return allRows(prepared, params);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_OUT_OF_RANGE') throw error;
      readBigInts(prepared);
      return allRows(prepared, params);
    }
  }

  #runOnce(prepared: Prepared, params: readonly SqliteValue[]): StatementResult {
    if (!prepared.returnsRows) {
      const { changes, lastInsertRowid } = prepared.statement.run(...params);
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid), rows: [] };
    }
    // It may have written already when an integer turns out too large for a number, so it must not run twice.
    readBigInts(prepared);
    const before = this.#counters();
    const rows = allRows(prepared, params);
    const after = this.#counters();
    // changes() still tells of the statement before when this one has changed nothing.
    const changes = after.total === before.total ? 0 : after.changes;
    return { changes, lastInsertRowid: after.lastInsertRowid, rows };
  }

  #counters(): { changes: number; total: number; lastInsertRowid: number } {
    const { statement } = this.#prepare(COUNTERS);
    const row = statement.get() as Record<'changes' | 'total' | 'lastInsertRowid', number>;
    return row;
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared) {
      this.#prepared.delete(sql);
    } else {
      const statement = this.#database.prepare(sql);
      prepared = { statement, returnsRows: statement.columns().length > 0, bigInts: false };
      if (this.#prepared.size >= this.#limit) this.#forgetOldest();
    }
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #forgetOldest(): void {
    const oldest = this.#prepared.keys().next();
    if (!oldest.done) this.#prepared.delete(oldest.value);
  }
}

const COUNTERS = `SELECT changes() AS changes, total_changes() AS total,
  min(last_insert_rowid(), ${Number.MAX_SAFE_INTEGER}) AS lastInsertRowid`;

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
  /** node:sqlite throws at integers beyond a number's, unless it makes all of them bigints: then the small ones are made numbers again. */
  bigInts: boolean;
}

function readBigInts(prepared: Prepared): void {
  if (prepared.bigInts) return;
  prepared.statement.setReadBigInts(true);
  prepared.bigInts = true;
}

function allRows({ statement, bigInts }: Prepared, params: readonly SqliteValue[]): SqliteRow[] {
  const rows = statement.all(...params) as SqliteRow[];
  if (!bigInts) return rows;
  for (const row of rows) {
    for (const column in row) {
      const value = row[column];
      if (typeof value === 'bigint' && isSafe(value)) row[column] = Number(value);
    }
  }
  return rows;
}

function isSafe(value: bigint): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}
