import { expect, test } from 'vitest';
import { Rate } from './rate.ts';

test('a rate is what was counted in the last minute, and nothing older', () => {
  let now = 5_500;
  const rate = new Rate(() => now);
  expect(rate.perSecond).toBe(0);
  rate.add(30);
  now += 20_000;
  rate.add();
  rate.add(29);
  expect(rate.perSecond).toBe(1);
  now += 39_000;
  expect(rate.perSecond).toBe(1);
  now += 1_000;
  expect(rate.perSecond).toBe(0.5);
  now += 19_499;
  expect(rate.perSecond).toBe(0.5);
  now += 1;
  expect(rate.perSecond).toBe(0);
  rate.add(60);
  now += 3_600_000;
  expect(rate.perSecond).toBe(0);
});
