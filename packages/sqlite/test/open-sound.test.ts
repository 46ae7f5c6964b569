import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { leavesOf, overwritePage, PAGE_BYTES } from '@tracepost/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { CannotOpenError, openSound, type Rescue, type SoundOptions, WriteFailedError } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SCHEMA = [
  'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT)',
];
const ITEMS = 1_000;

let path: string;
const open = (options: Partial<SoundOptions> = {}) =>
  openSound({ path, synchronous: 'NORMAL', schema: SCHEMA, ...options });

beforeEach(async () => {
  path = join(temporaryFolder(), 'kept.db');
  await using database = await open();
  const rows = Array.from({ length: ITEMS }, (_, id) => [id, `${id} `.padEnd(100, 'x')]);
  await database.write([
    { sql: 'INSERT INTO item (id, name) VALUES (?, ?)', batch: rows },
    { sql: 'INSERT INTO other (id, name) VALUES (?, ?)', batch: rows },
  ]);
});

describe('a file that must not lose anything', () => {
  test.each([
    ['a page was flipped', () => overwritePage(path, leafOf('item'))],
    ['a page was emptied', () => overwritePage(path, leafOf('item'), Buffer.alloc(PAGE_BYTES))],
    ['its first page was flipped', () => overwritePage(path, 1)],
    [
      'its end is missing',
      () => truncateSync(path, Math.floor(readFileSync(path).length / PAGE_BYTES / 2) * PAGE_BYTES),
    ],
  ])('is refused in one sentence with its name and what to do when %s', async (_what, damage) => {
    damage();
    const before = readFileSync(path);
    const refused = open();
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toMatchObject({ isDamaged: true });
    const message = await messageOf(refused);
    expect(message).toContain(`The database ${path} is damaged (`);
    expect(message).toContain('TRACEPOST_RESCUE_DAMAGED=1');
    expect(message.split('\n')).toHaveLength(1);
    // Asked again it says the same: nothing was thrown away. (On its first page SQLite counts who opened it.)
    expect(readFileSync(path).subarray(PAGE_BYTES).equals(before.subarray(PAGE_BYTES))).toBe(true);
    await expect(open()).rejects.toThrow(message);
  });

  test('is made anew of what can be read when its owner agrees, and the damaged one is kept', async () => {
    overwritePage(path, leafOf('item'));
    const damaged = readFileSync(path);
    const told: Rescue[] = [];
    await using database = await open({ onRescued: (rescue) => told.push(rescue) });
    const [{ items, others } = { items: 0, others: 0 }] = await database.read<{ items: number; others: number }>(
      'SELECT (SELECT count(*) FROM item) AS items, (SELECT count(*) FROM other) AS others',
    );
    expect(items).toBeGreaterThan(ITEMS - 100);
    expect(items).toBeLessThan(ITEMS);
    expect(others).toBe(ITEMS);
    expect(told).toMatchObject([{ rows: { item: items, other: ITEMS }, incomplete: ['item'] }]);
    const kept = readFileSync(told[0]?.setAside as string);
    expect(kept.subarray(PAGE_BYTES).equals(damaged.subarray(PAGE_BYTES))).toBe(true);
    await database.write([{ sql: "INSERT INTO item (id, name) VALUES (-1, 'new')" }]);
  });

  test('that is whole is opened without a word, whether its owner agrees to a loss or not', async () => {
    const told: Rescue[] = [];
    await (await open({ onRescued: (rescue) => told.push(rescue) })).close();
    await (await open()).close();
    expect(told).toEqual([]);
    expect(readdirSync(dirname(path)).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  test('that turns out to be damaged while it is open is not written to any more, and the rest of it can be read', async () => {
    await using database = await open();
    overwritePage(path, leafOf('item'));
    await database.look('SELECT 1');
    const met = database.read('SELECT sum(length(name)) AS sum FROM item');
    await expect(met).rejects.toBeInstanceOf(WriteFailedError);
    await expect(met).rejects.toThrow(`The database ${path} is damaged (`);
    const message = await messageOf(met);
    for (const refused of [
      database.write([{ sql: "INSERT INTO other (id, name) VALUES (-1, 'new')" }]),
      database.look('SELECT 1'),
      database.acquire(),
    ]) {
      await expect(refused).rejects.toThrow(message);
    }
    expect(await database.read('SELECT count(*) AS count FROM other')).toEqual([{ count: ITEMS }]);
    expect(await database.read('SELECT id FROM item WHERE id = 1')).toEqual([{ id: 1 }]);
  });

  test('that is no file of ours is refused like others, and its path named', async () => {
    writeFileSync(path, 'this is certainly not a database, however long one reads in it');
    await expect(open()).rejects.toThrow(`The database ${path} is damaged (file is not a database)`);
  });
});

function messageOf(refused: Promise<unknown>): Promise<string> {
  return refused.then(
    () => 'it was not refused',
    (error: Error) => error.message,
  );
}

/** One of the pages in which the rows of a table lie. */
function leafOf(table: string): number {
  return leavesOf(path, table)[5] as number;
}
