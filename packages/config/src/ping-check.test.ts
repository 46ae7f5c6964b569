import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPingCheck, type PingCheck } from './ping-check.ts';

let open: PingCheck[] = [];
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const check of open) check.close();
  open = [];
  vi.useRealTimers();
});

const given = (ping: () => Promise<void>): PingCheck => {
  const check = createPingCheck({ what: 'Postgres', ping });
  open.push(check);
  return check;
};

it('is not ready before the first answer, and is with it', async () => {
  const { check } = given(async () => {});
  expect(check()).toEqual({ isReady: false, message: 'Postgres does not answer: not asked yet' });
  await vi.advanceTimersByTimeAsync(0);
  expect(check()).toEqual({ isReady: true, message: 'Postgres answers' });
});

it('tells of an absence within five seconds, though nobody asks for anything, and of the return within two', async () => {
  let isUp = true;
  const { check } = given(async () => {
    if (!isUp) throw new Error('ECONNREFUSED');
  });
  await vi.advanceTimersByTimeAsync(10_000);
  isUp = false;
  await vi.advanceTimersByTimeAsync(4_000);
  expect(check()).toEqual({ isReady: false, message: 'Postgres does not answer: ECONNREFUSED' });
  isUp = true;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(check().isReady).toBe(true);
});

it('takes silence for an absence, within five seconds, and does not ask anew while it waits', async () => {
  const ping = vi.fn((): Promise<void> => Promise.resolve());
  const { check } = given(ping);
  await vi.advanceTimersByTimeAsync(0);
  ping.mockImplementation(() => new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(check()).toEqual({ isReady: false, message: 'Postgres does not answer: no answer in 1500 ms' });
  expect(ping.mock.calls.length).toBeLessThanOrEqual(4);
});

it('is not shaken by one slow answer', async () => {
  let fails = false;
  const { check } = given(async () => {
    if (fails) throw new Error('busy');
  });
  await vi.advanceTimersByTimeAsync(2_500);
  fails = true;
  await vi.advanceTimersByTimeAsync(1_000);
  fails = false;
  expect(check().isReady).toBe(true);
});
