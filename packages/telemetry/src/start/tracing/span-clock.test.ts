import { describe, expect, it } from 'vitest';
import { createSpanClock, toHrTime } from './span-clock.ts';

describe('the clock of spans', () => {
  it('follows the monotonic clock between looks at the wall', () => {
    const { clock, advance } = given();
    advance(0.25);
    expect(clock()).toBe(1_000_000.25);
    advance(0.25);
    expect(clock()).toBe(1_000_000.5);
  });

  it('does not follow a wall clock that only wobbles', () => {
    const { clock, advance, setWall } = given();
    setWall(3);
    advance(2_000);
    expect(clock()).toBe(1_002_000);
  });

  it.each([3_600_000, -3_600_000])('follows a wall clock that was set by %i ms', (step) => {
    const { clock, advance, setWall } = given();
    setWall(step);
    advance(2_000);
    expect(clock()).toBe(1_002_000 + step);
  });
});

it('nanoseconds come from fractions of a millisecond', () => {
  expect(toHrTime(1_780_000_000_123.25)).toEqual([1_780_000_000, 123_250_000]);
  expect(toHrTime(5)).toEqual([0, 5_000_000]);
});

function given() {
  let monotonic = 500;
  let wallAhead = 999_500;
  const clock = createSpanClock(
    () => monotonic,
    () => monotonic + wallAhead,
  );
  return {
    clock,
    advance: (ms: number) => {
      monotonic += ms;
    },
    setWall: (ms: number) => {
      wallAhead += ms;
    },
  };
}
