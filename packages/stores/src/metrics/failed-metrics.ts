/** Metrics whose hours could not be put together, although the store answers: they wait, longer each time, so that the others go on. */
export interface FailedMetrics {
  isWaiting(name: string): boolean;
  note(name: string): void;
  forget(name: string): void;
}

/** Longer than the pause between two roll-ups, or the next one would begin with it again. */
const FIRST_WAIT_MS = 10 * 60_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;
/** Past so many nobody is remembered: each is only tried too early then. */
const MOST = 10_000;

export function createFailedMetrics(now: () => number): FailedMetrics {
  const failed = new Map<string, { readonly waitMs: number; readonly untilMs: number }>();
  return {
    isWaiting: (name) => now() < (failed.get(name)?.untilMs ?? 0),
    note(name) {
      const before = failed.get(name)?.waitMs;
      const waitMs = before === undefined ? FIRST_WAIT_MS : Math.min(2 * before, LONGEST_WAIT_MS);
      if (failed.size >= MOST) failed.clear();
      failed.set(name, { waitMs, untilMs: now() + waitMs });
    },
    forget(name) {
      failed.delete(name);
    },
  };
}
