import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Breaker, createBreaker } from './breaker.ts';
import { ToolError } from './failures.ts';

let changes: [string, number][];
let breaker: Breaker;
let calls: number;

beforeEach(() => {
  vi.useFakeTimers();
  changes = [];
  calls = 0;
  breaker = createBreaker('api.test', (state, pauseMs) => changes.push([state, pauseMs]));
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a breaker', () => {
  it('lets all calls through while a few of them fail', async () => {
    for (let call = 0; call < 200; call++) await ask(call % 3 === 0 ? 503 : 200);
    expect(calls).toBe(200);
    expect(breaker.state).toBe('closed');
    expect(changes).toEqual([]);
  });

  it('opens when nearly all fail, and then refuses at once, saying for how long', async () => {
    await failUntilOpen();
    expect(changes).toEqual([['open', 5_000]]);
    const before = calls;
    vi.advanceTimersByTime(2_000);
    await expect(ask(200)).rejects.toMatchObject({
      code: 'dependency_unavailable',
      isRetryable: true,
      retryAfterMs: 3_000,
    });
    expect(calls).toBe(before);
  });

  it.each([200, 301, 400, 401, 403, 404, 422])('never opens over answers of %i', async (status) => {
    for (let call = 0; call < 50; call++) await ask(status);
    expect(breaker.state).toBe('closed');
  });

  it('opens over calls without an answer, not over those that failed for another reason', async () => {
    for (let call = 0; call < 50; call++) await attempt(() => Promise.reject(new ToolError('too large')));
    for (let call = 0; call < 50; call++) await attempt(() => Promise.reject(new Error('cancelled')));
    expect(breaker.state).toBe('closed');
    for (let call = 0; call < 50; call++) {
      await attempt(() => Promise.reject(new ToolError('no answer', { isRetryable: true })));
    }
    expect(breaker.state).toBe('open');
  });

  it('tries one call after its pause, and lets all through once that went well', async () => {
    await failUntilOpen();
    vi.advanceTimersByTime(5_000);
    const answer = Promise.withResolvers<number>();
    const trial = ask(answer.promise);
    await expect(ask(200)).rejects.toMatchObject({ code: 'dependency_unavailable' });
    answer.resolve(200);
    await trial;
    await ask(200);
    expect(changes.map(([state]) => state)).toEqual(['open', 'half_open', 'closed']);
  });

  it('waits longer after each trial that fails, up to a minute', async () => {
    await failUntilOpen();
    for (let trial = 0; trial < 6; trial++) {
      vi.advanceTimersByTime(60_000);
      await ask(503);
    }
    const pauses = changes.filter(([state]) => state === 'open').map(([, pauseMs]) => pauseMs);
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('waits as long as the dependency asks for, within reason', async () => {
    await failUntilOpen(90_000);
    expect(changes).toEqual([['open', 90_000]]);
    vi.advanceTimersByTime(90_000);
    await ask(429, 3_600_000);
    expect(changes.at(-1)).toEqual(['open', 300_000]);
  });

  it('stays shut when its trial was cut off: that has shown nothing', async () => {
    await failUntilOpen();
    vi.advanceTimersByTime(5_000);
    await attempt(() => Promise.reject(new Error('cancelled')));
    expect(breaker.state).toBe('open');
  });

  it('leaves a dependency that only answers 429 and 503 at most a tenth of its calls, and finds back', async () => {
    const normal = 5 * 60 * 10;
    for (let call = 0; call < normal; call++) {
      await attempt(() => answer(call % 2 === 0 ? 429 : 503));
      vi.advanceTimersByTime(100);
    }
    expect(calls).toBeLessThanOrEqual(normal / 10);
    vi.advanceTimersByTime(60_000);
    await ask(200);
    await ask(200);
    expect(breaker.state).toBe('closed');
  });
});

async function failUntilOpen(retryAfterMs: number | null = null): Promise<void> {
  for (let call = 0; breaker.state === 'closed' && call < 100; call++) await ask(503, retryAfterMs);
  expect(calls).toBeLessThanOrEqual(20);
}

function ask(status: number | Promise<number>, retryAfterMs: number | null = null) {
  return breaker.run(() => answer(status, retryAfterMs));
}

async function answer(status: number | Promise<number>, retryAfterMs: number | null = null) {
  calls += 1;
  return { status: await status, contentType: '', body: Buffer.alloc(0), retryAfterMs };
}

async function attempt(call: () => ReturnType<typeof answer>): Promise<void> {
  await breaker.run(call).catch(() => {});
}
