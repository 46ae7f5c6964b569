import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { createTableReader, type Place, type Row } from './read-damaged-table.ts';
import { isDamage, replyError } from './reply-error.ts';
import type { Rescue } from './rescue-file.ts';

type Found = Pick<Rescue, 'rows' | 'incomplete'>;

/** Of every table of `target`, which is new, what can be read of the same table in the damaged file, which is left as it is. */
export function copyReadableRows(damagedPath: string, target: DatabaseSync): Found {
  const rows: Record<string, number> = {};
  const incomplete: string[] = [];
  const source = openDamaged(damagedPath);
  for (const { name } of target.prepare(TABLES).all() as { name: string }[]) {
    const copied = source === null ? { rows: 0, isWhole: false } : copyTable(source, target, name);
    rows[name] = copied.rows;
    if (!copied.isWhole) incomplete.push(name);
  }
  source?.database.close();
  return { rows, incomplete };
}

const TABLES = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`;

interface Source {
  readonly path: string;
  readonly database: DatabaseSync;
}

/** Null when not even its first page can be read. */
function openDamaged(path: string): Source | null {
  try {
    const database = new DatabaseSync(path, { readOnly: true, defensive: false });
    // With this it also reads a file that is shorter than it says of itself, which is refused as a whole otherwise.
    database.exec('PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON');
    database.prepare(TABLES).all();
    return { path, database };
  } catch (error) {
    // Of a file that cannot be read at the moment nothing is known; it is not to be given up for that.
    if (replyError(error).kind === 'failed' && !isDamage(error)) throw error;
    return null;
  }
}

interface Column {
  readonly name: string;
  readonly pk: number;
}

function copyTable(
  { path, database }: Source,
  target: DatabaseSync,
  table: string,
): { rows: number; isWhole: boolean } {
  let known: ReadonlySet<string>;
  try {
    known = new Set(columnsOf(database, table).map(({ name }) => name));
  } catch {
    return { rows: 0, isWhole: false };
  }
  const columns = columnsOf(target, table).filter(({ name }) => known.has(name));
  // A table of an older file that had none yet; in one that is not older it was lost.
  if (columns.length === 0) return { rows: 0, isWhole: versionOf(database) < versionOf(target) };
  const names = columns.map(({ name }) => `"${name}"`);
  const insert = createInsert(target, table, names);
  const reader = createTableReader({ path, source: database, table, keys: keysOf(target, table, columns), names });
  let rows = 0;
  let isWhole = true;
  const keep = (read: readonly Row[]): void => {
    const kept = read.filter(({ values }) => insert(values)).length;
    if (kept < read.length) isWhole = false;
    rows += kept;
  };
  target.exec('BEGIN');
  for (let place: Place | null = null; ; ) {
    const part = reader.read(place);
    keep(part.rows);
    const last = part.rows.at(-1)?.keys;
    if (last) place = { keys: last, isIncluded: false };
    if (part.isBroken) {
      isWhole = false;
      const beyond = reader.skip(place);
      for (const rows of beyond.before) keep(rows);
      if (beyond.place === null) break;
      place = beyond.place;
    } else if (part.isLast) break;
    target.exec('COMMIT; BEGIN');
  }
  target.exec('COMMIT');
  return { rows, isWhole };
}

function columnsOf(database: DatabaseSync, table: string): Column[] {
  return database.prepare(`SELECT name, pk FROM pragma_table_info('${table}')`).all() as unknown as Column[];
}

function versionOf(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

/** False for a row that the table does not take: something in it was damaged that the page did not show. */
function createInsert(target: DatabaseSync, table: string, names: readonly string[]) {
  const insert = target.prepare(
    `INSERT OR IGNORE INTO "${table}" (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  return (values: readonly SQLInputValue[]): boolean => {
    try {
      return Number(insert.run(...values).changes) > 0;
    } catch (error) {
      // A disk that is full is no matter of one row.
      if (replyError(error).kind === 'failed') throw error;
      return false;
    }
  };
}

/** The columns in whose order the table itself lies: its rowid, or its primary key where there is none. */
function keysOf(target: DatabaseSync, table: string, columns: readonly Column[]): readonly string[] {
  const { wr } = target.prepare('SELECT wr FROM pragma_table_list WHERE name = ?').get(table) as { wr: number };
  if (wr === 0) return ['rowid'];
  return columns
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => `"${name}"`);
}
