import { expect, test } from 'vitest';
import { createLoopGuard, LOOP_LIMIT, LOOP_WINDOW_MS } from './loop-guard.ts';

const EVENT = { type: 'COMMAND', source: 'a', data: { b: 1, a: [2] }, correlationId: null };

test('the twenty-first of the same within ten seconds is a loop, and as long as it goes on', () => {
  const guard = createLoopGuard();
  const times = Array.from({ length: 60 }, (_, index) => guard.isLoop(EVENT, index * 100));
  expect(times.indexOf(true)).toBe(20);
  expect(times.slice(20)).not.toContain(false);
});

test('one that comes slowly enough never is, and one that has paused is none any more', () => {
  const guard = createLoopGuard();
  for (let index = 0; index < 200; index++) expect(guard.isLoop(EVENT, index * 500)).toBe(false);
  for (let index = 0; index < 30; index++) guard.isLoop(EVENT, 100_000);
  expect(guard.isLoop(EVENT, 100_000 + LOOP_WINDOW_MS - 1)).toBe(true);
  expect(guard.isLoop(EVENT, 100_000 + 2 * LOOP_WINDOW_MS)).toBe(false);
});

test('type, source, data and correlation id tell events apart, the order of keys does not', () => {
  const guard = createLoopGuard();
  const isLoop = (event: typeof EVENT | { correlationId: string }) => guard.isLoop({ ...EVENT, ...event }, 0);
  for (let index = 0; index < LOOP_LIMIT; index++) isLoop({ ...EVENT, data: { a: [2], b: 1 } });
  expect(isLoop({ ...EVENT, type: 'OPERATION' })).toBe(false);
  expect(isLoop({ ...EVENT, source: 'b' })).toBe(false);
  expect(isLoop({ ...EVENT, data: { b: 1, a: [3] } })).toBe(false);
  expect(isLoop({ correlationId: 'c' })).toBe(false);
  expect(isLoop(EVENT)).toBe(true);
});

test('it remembers so many and no more, those that were seen last', () => {
  const guard = createLoopGuard({ maxKeys: 10 });
  for (let round = 0; round < 30; round++) {
    guard.isLoop(EVENT, round);
    for (let other = 0; other < 5; other++) guard.isLoop({ ...EVENT, data: round * 100 + other }, round);
  }
  expect(guard.isLoop(EVENT, 30)).toBe(true);
  for (let other = 0; other < 10; other++) guard.isLoop({ ...EVENT, data: `flood ${other}` }, 31);
  expect(guard.isLoop(EVENT, 32)).toBe(false);
});

test('a clock that is set back makes no loop of what comes slowly, and hides none', () => {
  const guard = createLoopGuard();
  for (let index = 0; index < 15; index++) expect(guard.isLoop(EVENT, 3_600_000 + index * 600)).toBe(false);
  // Set back by an hour.
  for (let index = 0; index < 60; index++) expect(guard.isLoop(EVENT, 9_000 + index * 600)).toBe(false);
  const other = { ...EVENT, source: 'b' };
  for (let index = 0; index < LOOP_LIMIT; index++) expect(guard.isLoop(other, 50_000 - index * 5)).toBe(false);
  expect(guard.isLoop(other, 10_000)).toBe(true);
});
