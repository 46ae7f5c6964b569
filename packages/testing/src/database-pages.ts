import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Bytes of a page of SQLite, unless it is told another size. */
export const PAGE_BYTES = 4_096;

/** Asks for the `pageno` of each page in which rows of a table or an index lie; its parameter is the name of that. */
export const LEAF_PAGES = `SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno`;

/** Numbers of the pages of a database, which nobody holds for himself alone, in which the rows of a table lie. */
export function leavesOf(path: string, table: string): number[] {
  const file = new DatabaseSync(path, { readOnly: true });
  const pages = file.prepare(LEAF_PAGES).all(table) as { pageno: number }[];
  file.close();
  return pages.map(({ pageno }) => pageno);
}

/** Overwrites a page, the first of which is 1, as a disk does that begins to fail: with noise, unless it is told with what. */
export function overwritePage(path: string, page: number, bytes: Buffer = randomBytes(PAGE_BYTES)): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, (page - 1) * PAGE_BYTES);
  closeSync(file);
}
