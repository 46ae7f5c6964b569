import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { leavesOf, overwritePage, PAGE_BYTES, until } from '@tracepost/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  CannotOpenError,
  openSound,
  openSqlite,
  type Rescue,
  rescueFile,
  type SoundOptions,
  type Sqlite,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ITEMS = 'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)';
const MIB = 1024 ** 2;

let path: string;
const open = (options: Partial<SoundOptions> = {}) =>
  openSound({ path, synchronous: 'NORMAL', schema: [ITEMS], ...options });
const files = (): string[] => readdirSync(dirname(path)).sort();

beforeEach(() => {
  path = join(temporaryFolder(), 'kept.db');
});

async function fill(rows: number, bytes: number): Promise<void> {
  await using database = await open();
  const batch = Array.from({ length: rows }, (_, id) => [id, `${id} `.padEnd(bytes, 'x')]);
  await database.write([{ sql: 'INSERT INTO item (id, name) VALUES (?, ?)', batch }]);
}

/** Rows that lie in these pages. */
function rowsIn(pages: readonly number[]): number {
  const file = new DatabaseSync(path, { readOnly: true });
  const cells = file.prepare('SELECT ncell FROM dbstat WHERE pageno = ?');
  const count = pages.reduce((sum, page) => sum + Number(cells.get(page)?.ncell), 0);
  file.close();
  return count;
}

const countOf = async (database: Sqlite): Promise<number> => {
  const [row] = await database.read<{ count: number }>('SELECT count(*) AS count FROM item');
  return row?.count ?? 0;
};

describe('a large file, of which not all is looked at in every start', () => {
  test('says what to do where its damage is met, and what it says helps', { timeout: 60_000 }, async () => {
    await fill(20_000, 1_000);
    expect(statSync(path).size).toBeGreaterThan(16 * MIB);
    const broken = leavesOf(path, 'item').slice(100, 101);
    const lost = rowsIn(broken);
    for (const page of broken) overwritePage(path, page);
    const before = await open();
    await expect(before.read('SELECT sum(length(name)) AS sum FROM item')).rejects.toThrow(
      'TRACEPOST_RESCUE_DAMAGED=1',
    );
    await before.close();

    const told: Rescue[] = [];
    await using rescued = await open({ onRescued: (rescue) => told.push(rescue) });
    expect(told).toMatchObject([{ rows: { item: 20_000 - lost }, incomplete: ['item'] }]);
    expect(await rescued.read('SELECT count(*) AS count, min(length(name)) AS length FROM item')).toEqual([
      { count: 20_000 - lost, length: 1_000 },
    ]);
    await rescued.write([{ sql: "INSERT INTO item (id, name) VALUES (-1, 'new')" }]);
  });

  test('is rescued of an index that does not fit its table, too, which stops a change and which pages do not show', async () => {
    const indexed = [`${ITEMS}; CREATE INDEX item_by_name ON item (name)`];
    await (await open({ schema: indexed })).close();
    const file = new DatabaseSync(path, { defensive: false });
    file.exec(`
      INSERT INTO item (id, name) VALUES (0, 'zero');
      PRAGMA writable_schema = ON;
      CREATE TEMP TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = 'item_by_name';
      DELETE FROM sqlite_schema WHERE name = 'item_by_name';
      PRAGMA writable_schema = RESET;
      UPDATE item SET id = 1, name = 'one';
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema SELECT * FROM hidden;
    `);
    file.close();
    const before = await open({ schema: indexed });
    await expect(before.write([{ sql: 'DELETE FROM item WHERE id = 1' }])).rejects.toThrow(
      'TRACEPOST_RESCUE_DAMAGED=1',
    );
    await before.close();
    await using rescued = await open({ schema: indexed, onRescued: () => {} });
    expect(await rescued.read('SELECT id FROM item INDEXED BY item_by_name')).toEqual([{ id: 1 }]);
    await rescued.write([{ sql: 'DELETE FROM item WHERE id = 1' }]);
  });
});

describe('a rescue that is broken off', () => {
  const ROWS = 40_000;

  test('by the end of its process at any moment is begun anew by the next, and loses nothing', {
    timeout: 120_000,
  }, async () => {
    await fill(ROWS, 100);
    const broken = leavesOf(path, 'item').slice(10, 11);
    const kept = ROWS - rowsIn(broken);
    for (const page of broken) overwritePage(path, page);
    const damaged = readFileSync(path);
    let killed = 0;
    for (const afterMs of [0, 10, 30, 60, 90]) {
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL('./rescue-child.ts', import.meta.url)), path, ITEMS],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      await until(() => child.exitCode !== null || files().some((name) => name.includes('.rescuing-')), {
        timeoutMs: 20_000,
        everyMs: 1,
        what: 'the rescue to begin',
      });
      await sleep(afterMs);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (child.exitCode === 0) break;
      killed += 1;
    }
    expect(killed).toBeGreaterThan(0);
    await using database = await open({ onRescued: () => {} });
    expect(await countOf(database)).toBe(kept);
    const aside = files().filter((name) => /\.damaged-[\dTZ-]+$/.test(name));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(dirname(path), aside[0] as string)).subarray(PAGE_BYTES)).toEqual(
      damaged.subarray(PAGE_BYTES),
    );
    expect(files().filter((name) => name.includes('.rescuing-'))).toEqual([]);
  });

  test.each([
    ['before anything was moved', []],
    ['with the file moved and its log not', ['']],
    ['with file and log moved', ['', '-wal']],
  ])('%s while files changed their names finds all of them again', async (_when, moved) => {
    await fill(1_000, 100);
    const [page] = leavesOf(path, 'item').slice(5, 6) as [number];
    const kept = 1_000 - rowsIn([page]) + 1;
    overwritePage(path, page);
    await leaveInLog("INSERT INTO item (id, name) VALUES (-1, 'in the log')");
    const time = '2026-11-22T07-00-00-000Z';
    writeFileSync(`${path}.rescuing-${time}`, 'half of it');
    writeFileSync(`${path}.rescuing-${time}-wal`, 'and its log');
    for (const part of moved) renameSync(path + part, `${path}.damaged-${time}${part}`);

    // Not opened as if there had never been anything.
    await expect(open()).rejects.toThrow(`The database ${path} is damaged (`);
    await using database = await open({ onRescued: () => {} });
    expect(await countOf(database)).toBe(kept);
    expect(await database.read('SELECT name FROM item WHERE id = -1')).toEqual([{ name: 'in the log' }]);
    expect(files().filter((name) => name.includes(time))).toEqual([]);
  });

  test('by a full disk says so, leaves the damaged file where it was, and is begun anew when there is room', async () => {
    await fill(5_000, 100);
    const [page] = leavesOf(path, 'item').slice(5, 6) as [number];
    const kept = 5_000 - rowsIn([page]);
    overwritePage(path, page);
    const refused = open({ pragmas: ['max_page_count = 20'], onRescued: () => {} });
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toThrow(
      `The database ${path} is damaged and lies where it lay, since no new one can be made of what can be read of it: database or disk is full`,
    );
    expect(files().filter((name) => !/^kept\.db(-wal|-shm)?$/.test(name))).toEqual([]);
    await expect(open()).rejects.toThrow('is damaged');
    await using database = await open({ onRescued: () => {} });
    expect(await countOf(database)).toBe(kept);
  });

  test('since somebody else has the file takes nothing for lost', async () => {
    await fill(1_000, 100);
    const holder = await openSqlite({ path, synchronous: 'NORMAL', schema: [ITEMS], exclusive: true });
    await holder.write([{ sql: "INSERT INTO item (id, name) VALUES (-1, 'held')" }]);
    await expect(rescueFile({ path, synchronous: 'NORMAL', schema: [ITEMS] })).rejects.toThrow('database is locked');
    await holder.close();
    await using database = await open();
    expect(await countOf(database)).toBe(1_001);
  });

  test('while it puts right what is missing leaves nothing half done', async () => {
    await fill(1_000, 100);
    overwritePage(path, leavesOf(path, 'item')[5] as number);
    const mend = async (fresh: Sqlite): Promise<void> => {
      await fresh.write([{ sql: 'DELETE FROM item' }]);
      throw new Error('it was not to be mended');
    };
    await expect(open({ onRescued: () => {}, mend })).rejects.toThrow('it was not to be mended');
    const mended: number[] = [];
    await using database = await open({
      onRescued: () => {},
      mend: async (fresh) => {
        await fresh.write([{ sql: 'DELETE FROM item WHERE id > 9' }]);
        mended.push(await countOf(fresh));
      },
    });
    expect(mended).toEqual([10]);
    expect(await countOf(database)).toBe(10);
  });

  /** A statement that lies in the log beside the file, as the end of a process leaves it. */
  async function leaveInLog(sql: string): Promise<void> {
    const database = await openSqlite({ path, synchronous: 'NORMAL', schema: [ITEMS] });
    await database.write([{ sql }]);
    for (const part of ['', '-wal']) copyFileSync(path + part, `${path}.copy${part}`);
    await database.close();
    for (const part of ['', '-wal']) renameSync(`${path}.copy${part}`, path + part);
    expect(existsSync(`${path}-wal`)).toBe(true);
  }
});

describe('every row is kept that does not lie in a page that is damaged', () => {
  const TABLES: Record<string, string> = {
    'numbered rows': 'CREATE TABLE item (id INTEGER PRIMARY KEY, sub INTEGER, name TEXT)',
    'rows under a text':
      'CREATE TABLE item (name TEXT, sub INTEGER, id INTEGER, PRIMARY KEY (name, sub)) WITHOUT ROWID',
    'rows under a number and a text':
      'CREATE TABLE item (sub INTEGER, id INTEGER, name TEXT, PRIMARY KEY (sub, name)) WITHOUT ROWID',
  };
  const COUNT = 5_000;

  describe.each(Object.entries(TABLES))('%s', (_name, schema) => {
    test.each([
      ['the first', [0]],
      ['the last', [-1]],
      ['two beside each other', [20, 21]],
      ['some', [0, 5, 7, 30, -2]],
      ['the first and the last', [0, -1]],
    ])('%s', async (_which, places) => {
      await using filled = await open({ schema: [schema] });
      const batch = Array.from({ length: COUNT }, (_, id) => [
        id,
        id % 3,
        `${(id * 7_919) % 100_003} ünd`.padEnd(100, 'y'),
      ]);
      await filled.write([{ sql: 'INSERT INTO item (id, sub, name) VALUES (?, ?, ?)', batch }]);
      await filled.close();
      const leaves = leavesOf(path, 'item');
      const broken = places.map((place) => leaves.at(place) as number);
      const lost = rowsIn(broken);
      for (const page of broken) overwritePage(path, page);
      const { rows, incomplete } = await rescueFile({ path, synchronous: 'NORMAL', schema: [schema] });
      expect({ rows, incomplete }).toEqual({ rows: { item: COUNT - lost }, incomplete: ['item'] });
      await using database = await open({ schema: [schema] });
      const kept = await database.read<{ id: number; sub: number; name: string }>('SELECT id, sub, name FROM item');
      expect(kept).toHaveLength(COUNT - lost);
      for (const { id, sub, name } of kept) expect([id, sub, name]).toEqual(batch[id]);
    });
  });

  test.each([
    ['numbered rows', [10]],
    ['numbered rows', [10, 14]],
    ['rows under a text', [10]],
  ])('%s that reach beyond their pages, of which some are damaged there (%j)', async (name, places) => {
    const schema = TABLES[name] as string;
    const database = await openSqlite({ path, synchronous: 'NORMAL', schema: [schema] });
    const batch = Array.from({ length: 300 }, (_, id) => [id, 0, `${1_000 + id}`.padEnd(9_000, 'z')]);
    await database.write([{ sql: 'INSERT INTO item (id, sub, name) VALUES (?, ?, ?)', batch }]);
    await database.close();
    const file = new DatabaseSync(path, { readOnly: true });
    const beyond = file.prepare(`SELECT pageno FROM dbstat WHERE pagetype = 'overflow' ORDER BY pageno`).all();
    file.close();
    // Two for each row, of which the first says now that the next one is one that is not there.
    for (const place of places) overwritePage(path, Number(beyond[place]?.pageno), Buffer.alloc(PAGE_BYTES, 255));
    const { rows } = await rescueFile({ path, synchronous: 'NORMAL', schema: [schema] });
    expect(rows).toEqual({ item: 300 - places.length });
  });
});
