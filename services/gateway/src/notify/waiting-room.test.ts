import { expect, test } from 'vitest';
import { createWaitingRoom } from './waiting-room.ts';

test('there is room for so many requests', () => {
  const room = createWaitingRoom({ maxRequests: 2, maxBytes: 100 });
  expect([room.enter(1), room.enter(1), room.enter(1)]).toEqual([true, true, false]);
  expect(room.isFull()).toBe(true);
  room.leave(1);
  expect(room.isFull()).toBe(false);
  expect(room.enter(1)).toBe(true);
});

test('and for so many bytes; who was turned away holds nothing', () => {
  const room = createWaitingRoom({ maxRequests: 10, maxBytes: 100 });
  expect([room.enter(60), room.enter(60), room.enter(40)]).toEqual([true, false, true]);
  room.leave(60);
  expect(room.enter(60)).toBe(true);
});
