import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** 10,000 when none is given. */
  readonly timeoutMs?: number;
  /** Between two looks; 20 when none is given. */
  readonly everyMs?: number;
  /** What was waited for, in the words of the error. */
  readonly what?: string;
}

/**
 * Looks again and again until `check` gives something other than `false`, `null` or `undefined`, and gives that back.
 * A check that throws counts as "not yet"; its last error is the cause when time is up.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = 'the condition' }: UntilOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what} in vain`, { cause });
    await sleep(everyMs);
  }
}
