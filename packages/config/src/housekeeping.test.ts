import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHousekeeping } from './housekeeping.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first run comes after its delay, the next ones as long after the end of the one before', async () => {
  const { runs, housekeeping, endRun } = given();
  housekeeping.start();
  housekeeping.start();
  await vi.advanceTimersByTimeAsync(9);
  expect(runs).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(runs).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(runs).toHaveLength(1);
  endRun();
  await vi.advanceTimersByTimeAsync(99);
  expect(runs).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(runs).toHaveLength(2);
  endRun();
  await housekeeping.close();
});

test('closing tells the run that is under way, waits for it, and lets none follow', async () => {
  const { runs, housekeeping, endRun } = given();
  housekeeping.start();
  await vi.advanceTimersByTimeAsync(10);
  let isClosed = false;
  const closed = housekeeping.close().then(() => {
    isClosed = true;
  });
  await vi.advanceTimersByTimeAsync(1);
  expect([housekeeping.signal.aborted, isClosed]).toEqual([true, false]);
  endRun();
  await closed;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(runs).toHaveLength(1);
  await housekeeping.close();
});

test('what is closed before its first run never runs', async () => {
  const { runs, housekeeping } = given();
  housekeeping.start();
  await housekeeping.close();
  housekeeping.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(runs).toEqual([]);
});

function given() {
  const runs: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => void runs.push(resolve));
  const housekeeping = createHousekeeping({ work, everyMs: 100, firstAfterMs: 10 });
  return { runs, housekeeping, endRun: () => runs.at(-1)?.() };
}
