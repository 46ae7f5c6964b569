import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Rescue } from './rescue-file.ts';

type Found = Pick<Rescue, 'rows' | 'incomplete'>;

/** Of every table of `target`, which is new, what can be read of the same table in the damaged file. */
export function copyReadableRows(damagedPath: string, target: DatabaseSync): Found {
  const rows: Record<string, number> = {};
  const incomplete: string[] = [];
  const source = openDamaged(damagedPath);
  for (const { name } of target.prepare(TABLES).all() as { name: string }[]) {
    const copied = source === null ? { rows: 0, isWhole: false } : copyTable(source, target, name);
    rows[name] = copied.rows;
    if (!copied.isWhole) incomplete.push(name);
  }
  source?.close();
  return { rows, incomplete };
}

const TABLES = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`;

/** Null when not even its first page can be read. */
function openDamaged(path: string): DatabaseSync | null {
  try {
    const database = new DatabaseSync(path, { defensive: false });
    // With this it also reads a file that is shorter than it says of itself, which is refused as a whole otherwise.
    database.exec('PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON');
    database.prepare(TABLES).all();
    return database;
  } catch {
    return null;
  }
}

interface Column {
  readonly name: string;
  readonly pk: number;
}

function copyTable(source: DatabaseSync, target: DatabaseSync, table: string): { rows: number; isWhole: boolean } {
  const columnsOf = (database: DatabaseSync): Column[] =>
    database.prepare(`SELECT name, pk FROM pragma_table_info('${table}')`).all() as unknown as Column[];
  let known: ReadonlySet<string>;
  try {
    known = new Set(columnsOf(source).map(({ name }) => name));
  } catch {
    return { rows: 0, isWhole: false };
  }
  const columns = columnsOf(target).filter(({ name }) => known.has(name));
  // A table of an older file that had none yet.
  if (columns.length === 0) return { rows: 0, isWhole: true };
  const keys = keysOf(target, table, columns);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const insert = target.prepare(
    `INSERT OR IGNORE INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const reader = createReader(source, table, keys, names);
  let rows = 0;
  let isWhole = true;
  target.exec('BEGIN');
  for (let after: readonly SQLInputValue[] | null = null; ; ) {
    const part: ReadPart = reader.read(after);
    for (const values of part.rows) rows += Number(insert.run(...values).changes);
    after = part.last ?? after;
    if (part.isBroken) {
      isWhole = false;
      const beyond = reader.skip(after);
      if (beyond === null) break;
      after = beyond;
    } else if (part.rows.length < ROWS_PER_READ) break;
    target.exec('COMMIT; BEGIN');
  }
  target.exec('COMMIT');
  return { rows, isWhole };
}

const ROWS_PER_READ = 1_000;

/** The columns in whose order the table itself lies: its rowid, or its primary key where there is none. */
function keysOf(target: DatabaseSync, table: string, columns: readonly Column[]): readonly string[] {
  const { wr } = target.prepare('SELECT wr FROM pragma_table_list WHERE name = ?').get(table) as { wr: number };
  if (wr === 0) return ['rowid'];
  return columns
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => `"${name}"`);
}

interface ReadPart {
  readonly rows: readonly SQLInputValue[][];
  /** Keys of the last row. */
  readonly last: readonly SQLInputValue[] | null;
  readonly isBroken: boolean;
}

interface Reader {
  /** The next rows behind these keys, up to the place that cannot be read. */
  read(after: readonly SQLInputValue[] | null): ReadPart;
  /** Keys behind which something can be read again; null when nothing is left. */
  skip(after: readonly SQLInputValue[] | null): readonly SQLInputValue[] | null;
}

function createReader(source: DatabaseSync, table: string, keys: readonly string[], names: string): Reader {
  const order = keys.join(', ');
  // By the table alone: an index may be whole where the table is not, and the other way round.
  const select = (where: string, limit: number): StatementSync => {
    const statement = source.prepare(
      `SELECT ${order}, ${names} FROM "${table}" NOT INDEXED ${where} ORDER BY ${order} LIMIT ${limit}`,
    );
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    return statement;
  };
  const behind = `WHERE (${order}) > (${keys.map(() => '?').join(', ')})`;
  const readWith = (statement: StatementSync, values: readonly SQLInputValue[]): ReadPart => {
    const rows: SQLInputValue[][] = [];
    let last: SQLInputValue[] | null = null;
    try {
      for (const row of statement.iterate(...values) as unknown as Iterable<SQLInputValue[]>) {
        last = row.slice(0, keys.length);
        rows.push(row.slice(keys.length));
      }
      return { rows, last, isBroken: false };
    } catch {
      return { rows, last, isBroken: true };
    }
  };
  return {
    read(after) {
      try {
        return after === null
          ? readWith(select('', ROWS_PER_READ), [])
          : readWith(select(behind, ROWS_PER_READ), after);
      } catch {
        return { rows: [], last: null, isBroken: true };
      }
    },
    skip(after) {
      const from = after === null ? LEAST : after[0];
      if (typeof from !== 'bigint') return null;
      const rest = keys.slice(1).map(() => MOST);
      const isReadable = (key: bigint): boolean => {
        const part = readWith(select(behind, 1), [key, ...rest]);
        return !part.isBroken;
      };
      // Ever longer steps over what is broken, then back to its edge.
      let bad = from;
      let good: bigint | null = null;
      for (let step = 1n; good === null; step *= 2n) {
        const next = from + step > MOST ? MOST : from + step;
        if (isReadable(next)) good = next;
        else if (next === MOST) return null;
        else bad = next;
      }
      while (good - bad > 1n) {
        const middle: bigint = bad + (good - bad) / 2n;
        if (isReadable(middle)) good = middle;
        else bad = middle;
      }
      return [good, ...rest];
    },
  };
}

const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
