import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test, vi } from 'vitest';
import {
  CannotOpenError,
  OverloadedError,
  openSqlite,
  type Sqlite,
  type SqliteOptions,
  SqliteUnavailableError,
  StatementRefusedError,
  WriteFailedError,
} from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SCHEMA = ['CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)'];
const INSERT = 'INSERT INTO item (name) VALUES (?)';

function open(options: Partial<SqliteOptions> = {}): Promise<Sqlite> {
  return openSqlite({ path: join(temporaryFolder(), 'test.db'), synchronous: 'NORMAL', schema: SCHEMA, ...options });
}

function names(database: Sqlite): Promise<string[]> {
  return database
    .read<{ name: string }>('SELECT name FROM item ORDER BY id')
    .then((rows) => rows.map(({ name }) => name));
}

function insert(database: Sqlite, name: string) {
  return database.write([{ sql: INSERT, params: [name] }]);
}

describe('writing', () => {
  test('a unit tells per statement what it changed, and is seen by every later read', async () => {
    await using database = await open();
    const results = await database.write([
      { sql: INSERT, params: ['a'] },
      { sql: 'INSERT INTO item (name) VALUES (?) RETURNING id, name', params: ['b'] },
      { sql: 'UPDATE item SET data = NULL' },
      { sql: 'DELETE FROM item WHERE name = ?', params: ['nobody'] },
    ]);
    expect(results).toEqual([
      { changes: 1, lastInsertRowid: 1, rows: [] },
      { changes: 1, lastInsertRowid: 2, rows: [{ id: 2, name: 'b' }] },
      { changes: 2, lastInsertRowid: 2, rows: [] },
      { changes: 0, lastInsertRowid: 2, rows: [] },
    ]);
    expect(await names(database)).toEqual(['a', 'b']);
  });

  test('a unit is whole or not there', async () => {
    await using database = await open();
    const refused = database.write([
      { sql: INSERT, params: ['a'] },
      { sql: INSERT, params: ['a'] },
    ]);
    await expect(refused).rejects.toBeInstanceOf(StatementRefusedError);
    await expect(refused).rejects.toThrow(/UNIQUE constraint failed: item.name, in: INSERT INTO item/);
    expect(await names(database)).toEqual([]);
  });

  test('of units that travel together, a bad one is refused alone', async () => {
    await using database = await open();
    const outcomes = await Promise.allSettled([
      insert(database, 'a'),
      database.write([{ sql: INSERT, params: ['half'] }, { sql: 'INSERT INTO nowhere VALUES (1)' }]),
      insert(database, 'b'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await names(database)).toEqual(['a', 'b']);
  });

  test('a unit that ends the transaction of all harms no other', async () => {
    await using database = await open();
    await insert(database, 'taken');
    const outcomes = await Promise.allSettled([
      insert(database, 'a'),
      database.write([{ sql: 'INSERT OR ROLLBACK INTO item (name) VALUES (?)', params: ['taken'] }]),
      insert(database, 'b'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await names(database)).toEqual(['taken', 'a', 'b']);
  });

  test('units take effect in the order of the calls', async () => {
    await using database = await open();
    const sent = Array.from({ length: 500 }, (_, index) => `n${index}`);
    await Promise.all(sent.map((name) => insert(database, name)));
    expect(await names(database)).toEqual(sent);
  });

  test('a batch runs its statement once for each entry and sums up', async () => {
    await using database = await open();
    const [result] = await database.write([{ sql: `${INSERT} RETURNING id`, batch: [['a'], ['b'], ['c']] }]);
    expect(result).toEqual({ changes: 3, lastInsertRowid: 3, rows: [{ id: 1 }, { id: 2 }, { id: 3 }] });
  });

  test('a full disk is told as such, and writing goes on when there is room', async () => {
    await using database = await open({ pragmas: ['max_page_count = 10'] });
    const large = [{ sql: 'INSERT INTO item (data) VALUES (?)', params: [new Uint8Array(100_000)] }];
    const failed = database.write(large);
    await expect(failed).rejects.toBeInstanceOf(WriteFailedError);
    await expect(failed).rejects.toThrow(/database or disk is full/);
    await insert(database, 'small');
    await database.write([{ sql: 'PRAGMA max_page_count = 1000' }]);
    await database.write(large);
    expect(await names(database)).toEqual(['small', null]);
  });
});

describe('values', () => {
  test('integers of any size, texts and bytes come back as they went in', async () => {
    await using database = await open();
    const bytes = Buffer.from('xxbytesxx').subarray(2, 7);
    const values = [9_007_199_254_740_993n, -(2n ** 63n), 42, 1.5, 'grüße 🌍', new Uint8Array(bytes), null];
    const row = await database.read('SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g', values);
    expect(row.map(Object.values)).toEqual([values]);
    const [written] = await database.write([
      { sql: 'INSERT INTO item (id, data) VALUES (?, ?) RETURNING *', params: [2n ** 60n, bytes] },
    ]);
    expect(written?.rows).toEqual([{ id: 2n ** 60n, name: null, data: new Uint8Array(bytes) }]);
  });

  test('bytes are taken as they are at the time of the call', async () => {
    await using database = await open();
    const bytes = Buffer.from('before');
    const written = database.write([{ sql: 'INSERT INTO item (data) VALUES (?)', params: [bytes] }]);
    bytes.write('after!');
    await written;
    expect(await database.read('SELECT CAST(data AS TEXT) AS text FROM item')).toEqual([{ text: 'before' }]);
  });

  test('reading cannot write', async () => {
    await using database = await open();
    await expect(database.read("DELETE FROM item RETURNING 'gone'")).rejects.toThrow(/readonly database/);
  });
});

describe('looking', () => {
  const SLOW =
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT max(i) AS m FROM n';

  test('sees what was written, takes its turn with the writes, and the reading thread when that is awake', async () => {
    await using database = await open();
    await insert(database, 'a');
    const session = await database.acquire();
    const order: string[] = [];
    const look = database.look('SELECT name FROM item').then((rows) => {
      order.push('look');
      return rows;
    });
    expect(await names(database)).toEqual(['a']);
    expect(await database.look('SELECT name FROM item')).toEqual([{ name: 'a' }]);
    order.push('release');
    await session.release();
    expect(await look).toEqual([{ name: 'a' }]);
    expect(order).toEqual(['release', 'look']);
  });

  test('does not wait behind many writes', async () => {
    await using database = await open();
    const session = await database.acquire();
    const writes = Array.from({ length: 25 }, (_, index) => insert(database, `n${index}`));
    expect(await database.look('SELECT count(*) AS count FROM item')).toEqual([{ count: 0 }]);
    await session.release();
    await Promise.all(writes);
  });

  test('that was slow asks the reading thread from then on', async () => {
    await using database = await open();
    expect(await database.look(SLOW)).toEqual([{ m: 1_000_000 }]);
    const session = await database.acquire();
    expect(await database.look(SLOW)).toEqual([{ m: 1_000_000 }]);
    await session.release();
  });

  test('tells what is wrong with it, and takes its turn in an exclusive database too', async () => {
    await using database = await open({ exclusive: true });
    await insert(database, 'mine');
    expect(await database.look('SELECT name FROM item')).toEqual([{ name: 'mine' }]);
    await expect(database.look('SELECT 1 FROM nowhere')).rejects.toThrow(/no such table: nowhere/);
  });
});

describe('sessions', () => {
  test('nothing else is written while a session is open', async () => {
    await using database = await open();
    const session = await database.acquire();
    const order: string[] = [];
    const outside = insert(database, 'outside').then(() => order.push('outside'));
    await session.execute('BEGIN');
    await session.execute(INSERT, ['inside']);
    const seen = await session.execute('SELECT name FROM item');
    await session.execute('COMMIT');
    order.push('session');
    await session.release();
    await outside;
    expect(seen).toEqual({ changes: 0, lastInsertRowid: 1, rows: [{ name: 'inside' }] });
    expect(order).toEqual(['session', 'outside']);
    expect(await names(database)).toEqual(['inside', 'outside']);
  });

  test('sessions take turns', async () => {
    await using database = await open();
    const first = await database.acquire();
    let isGranted = false;
    const second = database.acquire().then((session) => {
      isGranted = true;
      return session;
    });
    await first.execute('SELECT 1');
    expect(isGranted).toBe(false);
    await first.release();
    await (await second).release();
  });

  test('a transaction that is still open at the release is rolled back', async () => {
    await using database = await open();
    const session = await database.acquire();
    await session.execute('BEGIN');
    await session.execute(INSERT, ['half']);
    await session.release();
    await session.release();
    await insert(database, 'whole');
    expect(await names(database)).toEqual(['whole']);
    await expect(session.execute('SELECT 1')).rejects.toBeInstanceOf(SqliteUnavailableError);
  });

  test('a silent session is rolled back and taken away, so that others can write', async () => {
    await using database = await open({ sessionIdleMs: 50 });
    const session = await database.acquire();
    await session.execute('BEGIN');
    await session.execute(INSERT, ['forgotten']);
    await insert(database, 'next');
    expect(await names(database)).toEqual(['next']);
    await expect(session.execute('COMMIT')).rejects.toThrow(/session/);
  });
});

describe('limits and endings', () => {
  test('more than the limit in flight is refused at once and harms nothing', async () => {
    await using database = await open({ maxInFlight: 2 });
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => insert(database, name)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: expect.any(OverloadedError) });
    await insert(database, 'd');
    expect(await names(database)).toEqual(['a', 'b', 'd']);
  });

  test('closing finishes what was asked for, and then refuses', async () => {
    const database = await open();
    const written = insert(database, 'last');
    const read = names(database);
    await database.close();
    await database.close();
    await written;
    await read;
    expect(database.state).toBe('closed');
    await expect(insert(database, 'late')).rejects.toBeInstanceOf(SqliteUnavailableError);
    await expect(database.read('SELECT 1')).rejects.toBeInstanceOf(SqliteUnavailableError);
    await using again = await openSqlite({ path: database.path, synchronous: 'FULL', schema: SCHEMA });
    expect(await names(again)).toEqual(['last']);
  });

  test('a file that cannot be opened for reading at the moment fails the reads of then, and writing goes on', async () => {
    await using database = await open();
    await insert(database, 'a');
    const elsewhere = `${database.path}.elsewhere`;
    renameSync(database.path, elsewhere);
    await expect(names(database)).rejects.toBeInstanceOf(SqliteUnavailableError);
    await insert(database, 'b');
    renameSync(elsewhere, database.path);
    expect(await vi.waitFor(() => names(database), { timeout: 5_000 })).toEqual(['a', 'b']);
    expect(database.state).toBe('open');
  });

  test('a reading thread rests when nothing is read, and is started again by the next read', async () => {
    await using database = await open({ readerRestsAfterMs: 10 });
    await insert(database, 'a');
    expect(await names(database)).toEqual(['a']);
    // One that is awake has the file open, whatever its name; one that is started now does not find it.
    const elsewhere = `${database.path}.elsewhere`;
    renameSync(database.path, elsewhere);
    await vi.waitFor(() => expect(names(database)).rejects.toBeInstanceOf(SqliteUnavailableError), {
      timeout: 5_000,
      interval: 100,
    });
    renameSync(elsewhere, database.path);
    await insert(database, 'b');
    expect(await vi.waitFor(() => names(database), { timeout: 5_000 })).toEqual(['a', 'b']);
  });

  test('an exclusive database is read too, and nobody else can open it', async () => {
    await using database = await open({ exclusive: true });
    await insert(database, 'mine');
    expect(await names(database)).toEqual(['mine']);
    const second = openSqlite({ path: database.path, synchronous: 'FULL', schema: SCHEMA, exclusive: true });
    await expect(second).rejects.toThrow(/cannot be opened: somebody else has it open/);
    await insert(database, 'still mine');
  });
});

describe('opening', () => {
  test('missing steps of the schema are applied once, in order', async () => {
    const path = join(temporaryFolder(), 'test.db');
    await (await open({ path })).close();
    const longer = [...SCHEMA, 'ALTER TABLE item ADD COLUMN more TEXT; CREATE INDEX item_more ON item (more)'];
    await (await open({ path, schema: longer })).close();
    await using database = await open({ path, schema: longer });
    expect(await database.read('SELECT more FROM item')).toEqual([]);
    expect(await database.read('PRAGMA user_version')).toEqual([{ user_version: 2 }]);
  });

  test('a step that fails leaves the file as it was', async () => {
    const path = join(temporaryFolder(), 'test.db');
    await (await open({ path })).close();
    const broken = [...SCHEMA, 'CREATE TABLE half (id)', 'CREATE TABLE item (id)'];
    await expect(open({ path, schema: broken })).rejects.toThrow(/table item already exists/);
    const file = new DatabaseSync(path);
    expect(file.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
    expect(file.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
    file.close();
  });

  test('a file of a newer version is refused', async () => {
    const path = join(temporaryFolder(), 'test.db');
    await (await open({ path })).close();
    const refused = open({ path, schema: [] });
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toThrow(/newer version \(schema 1, this one knows 0\)/);
    await expect(refused).rejects.toMatchObject({ isDamaged: false });
  });

  test('a file that is no database is named in one sentence', async () => {
    const path = join(temporaryFolder(), 'test.db');
    writeFileSync(path, 'this is certainly not a database, however long one reads in it');
    const refused = open({ path });
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toThrow(`The database ${path} cannot be opened: file is not a database.`);
    await expect(refused).rejects.toMatchObject({ isDamaged: true });
  });

  test('a place that cannot be written is named in one sentence', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const path = join(file, 'test.db');
    await expect(open({ path })).rejects.toThrow(`The database ${path} cannot be opened: E`);
  });
});
