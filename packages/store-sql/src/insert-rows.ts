import type { Compilable, CompiledQuery } from 'kysely';
import type { RecordDatabase } from './schema.ts';

/**
 * An insert of any number of rows whose text is made once for each number: building it anew takes longer than SQLite
 * takes to run it. All that differs between two calls has to stand in the rows.
 */
export function createInsert<Row extends object, Result>(
  db: RecordDatabase,
  sample: Row,
  build: (rows: readonly Row[]) => Compilable<Result>,
): (rows: readonly Row[]) => Promise<Result[]> {
  const columns = Object.keys(sample) as (keyof Row & string)[];
  const compiled = new Map<number, CompiledQuery<Result>>();

  const compile = (count: number): CompiledQuery<Result> => {
    const query = build(Array.from({ length: count }, () => sample)).compile();
    compiled.set(count, query);
    return query;
  };

  return async (rows) => {
    const query = compiled.get(rows.length) ?? compile(rows.length);
    const parameters = rows.flatMap((row) => columns.map((column) => row[column]));
    const { rows: results } = await db.executeQuery<Result>({ ...query, parameters });
    return results;
  };
}
