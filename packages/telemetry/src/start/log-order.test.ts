import { expect, test } from 'vitest';
import { createLogOrder } from './log-order.ts';

test('lines of one millisecond get times of their own, in order and within it', () => {
  const order = createLogOrder();
  const times = Array.from({ length: 999 }, () => order([1_780_000_000, 5_000_000]));
  expect(new Set(times.map(([, nanos]) => nanos)).size).toBe(999);
  expect(times.every(([seconds, nanos]) => seconds === 1_780_000_000 && nanos > 5_000_000 && nanos < 6_000_000)).toBe(
    true,
  );
  expect(times.map(([, nanos]) => nanos)).toEqual(times.map(([, nanos]) => nanos).sort((a, b) => a - b));
});

test('a time that is finer than a millisecond stays', () => {
  expect(createLogOrder()([1_780_000_000, 5_000_001])).toEqual([1_780_000_000, 5_000_001]);
});
