import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { isHeldUp } from './reply-error.ts';
import { findSignposts, type Signpost } from './signposts.ts';

export interface Row {
  readonly keys: readonly SQLInputValue[];
  readonly values: readonly SQLInputValue[];
}

/** Where reading goes on: with this row, or behind it. */
export interface Place {
  readonly keys: readonly SQLInputValue[];
  readonly isIncluded: boolean;
}

interface ReadPart {
  readonly rows: readonly Row[];
  readonly isBroken: boolean;
  /** Nothing comes behind them. */
  readonly isLast: boolean;
}

export interface TableReader {
  /** The next rows, up to the place that cannot be read. */
  read(from: Place | null): ReadPart;
  /** Over what is broken. */
  skip(from: Place | null): Skip;
}

interface Skip {
  /** Where something can be read again; null when nothing is left. */
  readonly place: Place | null;
  /** Rows before that, which could not be reached from the front; in parts. */
  readonly before: Iterable<readonly Row[]>;
}

export interface TableReaderOptions {
  readonly path: string;
  readonly source: DatabaseSync;
  readonly table: string;
  /** In whose order the table lies, quoted. */
  readonly keys: readonly string[];
  /** The columns to read, quoted. */
  readonly names: readonly string[];
}

const ROWS_PER_READ = 1_000;
/** More numbers lie between the rows of two pages only where few of them were used. */
const MOST_TRIED = 10_000n;

export function createTableReader({ path, source, table, keys, names }: TableReaderOptions): TableReader {
  const marks = keys.map(() => '?').join(', ');
  const behind = (sign: string): string => `(${keys.join(', ')}) ${sign} (${marks})`;
  const read = (
    where: string,
    given: readonly SQLInputValue[],
    {
      limit = ROWS_PER_READ,
      order = 'ASC',
    }: { readonly limit?: number | undefined; readonly order?: 'ASC' | 'DESC' } = {},
  ): ReadPart => {
    const rows: Row[] = [];
    try {
      for (const row of select(where, limit, order).iterate(...given) as unknown as Iterable<SQLInputValue[]>) {
        rows.push({ keys: row.slice(0, keys.length), values: row.slice(keys.length) });
      }
      return { rows, isBroken: false, isLast: rows.length < limit };
    } catch (error) {
      if (isHeldUp(error)) throw error;
      return { rows, isBroken: true, isLast: false };
    }
  };
  // By the table alone: an index may be whole where the table is not, and the other way round.
  const select = (where: string, limit: number, order: string): StatementSync => {
    const statement = source.prepare(
      `SELECT ${keys.join(', ')}, ${names.join(', ')} FROM "${table}" NOT INDEXED ${where}
       ORDER BY ${keys.map((key) => `${key} ${order}`).join(', ')} LIMIT ${limit}`,
    );
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    return statement;
  };
  const readFrom = (place: Place | null, limit?: number): ReadPart => {
    if (place === null) return read('', [], { limit });
    return read(`WHERE ${behind(place.isIncluded ? '>=' : '>')}`, place.keys, { limit });
  };

  const isBehind = source.prepare(`SELECT (${marks}) > (${marks}) AS yes`);
  let signposts: Iterator<Signpost> | null = null;
  const isAfter = (one: readonly SQLInputValue[], other: readonly SQLInputValue[]): boolean =>
    isBehind.get(...one, ...other)?.yes === 1;
  /** Nobody can count from one text to the next. But the table's upper pages say where each of its lower ones begins. */
  const findPlace = (from: Place | null): Place | null => {
    signposts ??= findSignposts({ path, source, table, keyCount: keys.length })[Symbol.iterator]();
    for (let next = signposts.next(); !next.done; next = signposts.next()) {
      const place: Place = { keys: next.value.keys, isIncluded: next.value.isRow };
      if (from !== null && !isAfter(place.keys, from.keys)) continue;
      const { rows, isBroken } = readFrom(place, 1);
      const [first] = rows;
      // It stands at a row. One that does not was read from a page that is damaged, and might lead past half of the table.
      const isTrue = first !== undefined && (!place.isIncluded || !isAfter(first.keys, place.keys));
      if (isTrue && !isBroken) return place;
    }
    return null;
  };
  /** From a place, or the end, back to the damage: what lies behind that and before the place. */
  function* readBack(place: Place | null, from: Place | null): Iterable<readonly Row[]> {
    let to = place && { keys: place.keys, sign: place.isIncluded ? '<' : '<=' };
    for (;;) {
      const conditions = [...(to ? [behind(to.sign)] : []), ...(from ? [behind('>')] : [])];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const part = read(where, [...(to?.keys ?? []), ...(from?.keys ?? [])], { order: 'DESC' });
      yield part.rows;
      const last = part.rows.at(-1);
      if (last) to = { keys: last.keys, sign: '<' };
      if (part.isBroken) yield* readOneByOne(from?.keys[0], to?.keys[0]);
      if (part.isBroken || part.isLast) return;
    }
  }
  /** Between two numbers: rows between others that reach into damaged pages of their own. */
  function* readOneByOne(from: SQLInputValue | undefined, to: SQLInputValue | undefined): Iterable<readonly Row[]> {
    if (keys.length > 1 || typeof from !== 'bigint' || typeof to !== 'bigint' || to - from > MOST_TRIED) return;
    for (let key = from + 1n; key < to; key += 1n) yield read(`WHERE ${behind('=')}`, [key]).rows;
  }

  return {
    read: readFrom,
    skip(from) {
      const place = findPlace(from);
      return { place, before: readBack(place, from) };
    },
  };
}
