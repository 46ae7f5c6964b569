import { expect, test } from 'vitest';
import { createKeyRoom, type KeyRoom } from './key-room.ts';

test('there is room for as many as there may be, less those that are counted', async () => {
  const room = createKeyRoom({ maxKeys: 10, count: async () => 7 });
  await reserve(room, 0);
  await new Promise(setImmediate);
  expect(await reserve(room, 2)).toBe(2);
  expect(await reserve(room, 5)).toBe(1);
  expect(await reserve(room, 1)).toBe(0);
  room.free(2);
  expect(await reserve(room, 5)).toBe(2);
});

test('a count that takes its time holds nobody up who has room, and forgets nothing that was added meanwhile', async () => {
  const counted = Promise.withResolvers<number>();
  let counts = 0;
  const room = createKeyRoom({ maxKeys: 10, count: async () => (counts++ === 0 ? counted.promise : 9) });
  expect(await reserve(room, 4)).toBe(4);
  counted.resolve(5);
  await new Promise(setImmediate);
  expect(await reserve(room, 5)).toBe(1);
});

test('what others took away is found out by counting again, not sooner than it should be', async () => {
  let counts = 0;
  let there = 10;
  const count = async () => {
    counts += 1;
    return there;
  };
  const room = createKeyRoom({ maxKeys: 10, count, recountMs: 50 });
  expect(await reserve(room, 1)).toBe(1);
  await new Promise(setImmediate);
  for (let asked = 0; asked < 20; asked++) expect(await reserve(room, 1)).toBe(0);
  // Once more than once: somebody had been added while it was counted.
  expect(counts).toBe(2);
  there = 3;
  await expect.poll(() => reserve(room, 1), { timeout: 10_000 }).toBe(1);
  expect(counts).toBe(3);
});

test('a database that cannot count leaves what this process has added itself', async () => {
  const room = createKeyRoom({ maxKeys: 3, count: () => Promise.reject(new Error('away')) });
  expect(await reserve(room, 2)).toBe(2);
  expect(await reserve(room, 2)).toBe(1);
  expect(await reserve(room, 1)).toBe(0);
});

test('while it is counted what is known of it is said at once', async () => {
  const room = createKeyRoom({ maxKeys: 3, count: () => new Promise(() => {}) });
  expect([room.take(2), room.take(2), room.take(1)]).toEqual([2, 1, 0]);
});

/** As a store does: what there is no room for is asked for once more where a count may have found some. */
async function reserve(room: KeyRoom, wanted: number): Promise<number> {
  const granted = room.take(wanted);
  return granted > 0 || !(await room.look()) ? granted : room.take(wanted);
}
