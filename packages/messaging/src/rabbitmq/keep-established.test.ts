import { expect, test } from 'vitest';
import { describe, keepEstablished, retryDelayMs } from './keep-established.ts';

test('the first retry is almost at once, and later ones come about once a second and never together', () => {
  expect([0, 1].map((random) => retryDelayMs(0, random))).toEqual([50, 100]);
  expect([0, 1].map((random) => retryDelayMs(1, random))).toEqual([150, 300]);
  for (const failures of [3, 10, 1_000]) {
    expect([0, 1].map((random) => retryDelayMs(failures, random))).toEqual([500, 1_000]);
  }
});

test('what is lost or fails is established again, until it is stopped', async () => {
  const stop = new AbortController();
  const lost: string[] = [];
  let starts = 0;
  await keepEstablished({
    signal: stop.signal,
    onLost: (reason) => lost.push(reason),
    establish: async () => {
      starts++;
      if (starts === 2) throw new Error('refused');
      if (starts === 3) stop.abort();
      return { lost: Promise.resolve('broken') };
    },
  });
  expect({ starts, lost }).toEqual({ starts: 3, lost: ['broken', 'refused'] });
});

test('a stop ends the wait between two attempts', async () => {
  const stop = new AbortController();
  const begin = performance.now();
  await keepEstablished({
    signal: stop.signal,
    onLost: () => stop.abort(),
    establish: () => Promise.reject(new Error('refused')),
  });
  expect(performance.now() - begin).toBeLessThan(45);
});

test('an error that is several says all of them', () => {
  const both = new AggregateError([new Error('connect ECONNREFUSED ::1:5672'), new Error('connect ETIMEDOUT')]);
  expect(describe(both)).toBe('connect ECONNREFUSED ::1:5672; connect ETIMEDOUT');
  expect(describe('text')).toBe('text');
  expect(describe(new TypeError())).toBe('TypeError');
});
